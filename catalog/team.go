package catalog

import "slices"

// Person is somebody who can be told. Contacts is the place of a file with the
// addresses, which only the receiver reads. Logins are the names under which
// the person logs in on the board; that of a password may also be the ID.
type Person struct {
	ID       string   `yaml:"-"`
	Name     string   `yaml:"name"`
	Contacts *Secret  `yaml:"contacts,omitempty"`
	Logins   []string `yaml:"logins,omitempty"`
	// Prefer is the person's order of the ways, the best first; those that it
	// leaves out come after in the order of [Ways].
	Prefer []string `yaml:"prefer,omitempty"`
}

// Order is the person's order of all ways.
func (p *Person) Order() []string {
	order := slices.Clone(p.Prefer)
	for _, way := range Ways() {
		if !slices.Contains(order, way) {
			order = append(order, way)
		}
	}
	return order
}

// Team owns services. ProductManager is told when users are affected and is
// never phoned; Manager is the last step of an escalation.
type Team struct {
	Name            string    `yaml:"-"`
	Members         []string  `yaml:"members,omitempty"`
	ProductManager  string    `yaml:"product_manager,omitempty"`
	Manager         string    `yaml:"manager,omitempty"`
	Channels        Channels  `yaml:"channels,omitempty"`
	ProductChannels *Channels `yaml:"product_channels,omitempty"` // told of alerts whose audience is users
	Rota            string    `yaml:"rota,omitempty"`
	Escalation      string    `yaml:"escalation,omitempty"`
	Page            Page      `yaml:"page,omitempty"`
	PageOn          PageOn    `yaml:"page_on,omitempty"`       // critical by default
	Hours           string    `yaml:"hours,omitempty"`         // what office_hours means for this team; "office", if it is defined, by default
	ChannelHours    string    `yaml:"channel_hours,omitempty"` // developers' warnings reach the channels in these hours only; always by default
}

// Page says when a critical alert of a service phones somebody.
type Page string

// The values of Page; PageAlways is the default.
const (
	PageAlways      Page = "always"
	PageOfficeHours Page = "office_hours"
	PageNever       Page = "never"
)

func (p *Page) parse(text string) (err error) {
	*p, err = choice(text, PageAlways, PageOfficeHours, PageNever)
	return err
}

// PageOn is the mildest severity of an alert that phones somebody.
type PageOn string

// The values of PageOn; PageOnCritical is the default.
const (
	PageOnCritical PageOn = "critical"
	PageOnWarning  PageOn = "warning"
)

func (p *PageOn) parse(text string) (err error) {
	*p, err = choice(text, PageOnCritical, PageOnWarning)
	return err
}

// Channels are the shared places where a team reads. Each has one sender:
// Slack behind a webhook, Teams and Email are Alertmanager's own receivers; a
// Slack bot, GitHub, PagerDuty and VictorOps belong to Tocsin's receiver.
type Channels struct {
	Slack     *SlackChannel     `yaml:"slack,omitempty"`
	Teams     *TeamsChannel     `yaml:"teams,omitempty"`
	Email     *EmailChannel     `yaml:"email,omitempty"`
	GitHub    *GitHubChannel    `yaml:"github,omitempty"`
	PagerDuty *PagerDutyChannel `yaml:"pagerduty,omitempty"`
	VictorOps *VictorOpsChannel `yaml:"victorops,omitempty"`
	Webhook   *WebhookChannel   `yaml:"webhook,omitempty"`
}

// SlackChannel is a channel behind an incoming webhook, to which Alertmanager
// posts, or one that a bot is a member of: then the receiver writes one message
// per incident, with buttons and a thread.
type SlackChannel struct {
	Channel           string `yaml:"channel"`
	WebhookFile       string `yaml:"webhook_file,omitempty"`
	BotTokenFile      string `yaml:"bot_token_file,omitempty"`
	SigningSecretFile string `yaml:"signing_secret_file,omitempty"` // of the bot's app; without it the message has no buttons that act
	API               string `yaml:"api,omitempty"`                 // base URL of the Web API
}

// Bot says whether the receiver is the channel's sender.
func (s *SlackChannel) Bot() bool { return s != nil && s.BotTokenFile != "" }

// TeamsChannel is a Microsoft Teams channel behind a workflow webhook.
type TeamsChannel struct {
	WebhookFile string `yaml:"webhook_file"`
}

// EmailChannel is a list of shared mailboxes; a single address may stand in its
// place.
type EmailChannel struct {
	To []string `yaml:"to"`
}

// GitHubChannel is a repository, owner/name. With Issues every incident of the
// team has an issue there.
type GitHubChannel struct {
	Repository string `yaml:"repository"`
	Issues     bool   `yaml:"issues,omitempty"`
}

// PagerDutyChannel is an Events API v2 integration. WebhookSecretFile holds the
// secret, or secrets, one a line, that PagerDuty signs with what it posts back;
// without it nothing comes back. APITokenFile, with the mail address of an
// APIUser, is for what the Events API cannot do: notes, an acknowledgement that
// ends, and who somebody is.
type PagerDutyChannel struct {
	RoutingKeyFile    string `yaml:"routing_key_file"`
	WebhookSecretFile string `yaml:"webhook_secret_file,omitempty"`
	APITokenFile      string `yaml:"api_token_file,omitempty"`
	APIUser           string `yaml:"api_user,omitempty"`
	URL               string `yaml:"url,omitempty"` // of the Events API; that of the United States by default
}

// VictorOpsChannel is a Splunk On-Call REST integration. WebhookTokenFile holds
// what its outgoing webhook shows; without it nothing comes back.
type VictorOpsChannel struct {
	APIKeyFile       string `yaml:"api_key_file"`
	RoutingKey       string `yaml:"routing_key"`
	WebhookTokenFile string `yaml:"webhook_token_file,omitempty"`
	URL              string `yaml:"url,omitempty"` // of the integration without its key
}

// WebhookChannel is any server that takes a POST. Exactly one of URL and
// URLFile, whose content is the address, is set. TemplateFile is a text/template
// of Go for the body; without it the body is JSON. With SecretFile, which may
// hold several secrets, one a line, requests are signed.
type WebhookChannel struct {
	URL          string `yaml:"url,omitempty"`
	URLFile      string `yaml:"url_file,omitempty"`
	TemplateFile string `yaml:"template_file,omitempty"`
	ContentType  string `yaml:"content_type,omitempty"` // application/json by default
	SecretFile   string `yaml:"secret_file,omitempty"`
}
