package render

import "go.yaml.in/yaml/v3"

// The types below are the part of Alertmanager's configuration that we write,
// in the order in which it reads best. Durations are text: they are constants.

type configuration struct {
	Global        *global        `yaml:"global,omitempty"`
	Templates     []string       `yaml:"templates,omitempty"`
	Route         route          `yaml:"route"`
	InhibitRules  []inhibition   `yaml:"inhibit_rules,omitempty"`
	TimeIntervals []timeInterval `yaml:"time_intervals,omitempty"`
	Receivers     []receiver     `yaml:"receivers"`
}

type global struct {
	ResolveTimeout       string `yaml:"resolve_timeout"`
	SMTPSmarthost        string `yaml:"smtp_smarthost,omitempty"`
	SMTPFrom             string `yaml:"smtp_from,omitempty"`
	SMTPAuthUsername     string `yaml:"smtp_auth_username,omitempty"`
	SMTPAuthPasswordFile string `yaml:"smtp_auth_password_file,omitempty"`
	SMTPRequireTLS       *bool  `yaml:"smtp_require_tls,omitempty"`
	SMTPForceImplicitTLS *bool  `yaml:"smtp_force_implicit_tls,omitempty"`
}

type route struct {
	why string // the comment above the route; never holds text of the catalogue

	Matchers            []string `yaml:"matchers,omitempty,flow"`
	Receiver            string   `yaml:"receiver,omitempty"`
	Continue            bool     `yaml:"continue,omitempty"`
	GroupBy             []string `yaml:"group_by,omitempty,flow"`
	timing              `yaml:",inline"`
	ActiveTimeIntervals []string `yaml:"active_time_intervals,omitempty,flow"`
	MuteTimeIntervals   []string `yaml:"mute_time_intervals,omitempty,flow"`
	Routes              []route  `yaml:"routes,omitempty"`
}

// timing is how long a group waits for its first message, for a message about
// what joined it, and before it repeats itself.
type timing struct {
	GroupWait      string `yaml:"group_wait,omitempty"`
	GroupInterval  string `yaml:"group_interval,omitempty"`
	RepeatInterval string `yaml:"repeat_interval,omitempty"`
}

// MarshalYAML puts the reason above the route. It encodes the routes below by
// itself, because encoding to a node drops the comments inside.
func (r route) MarshalYAML() (any, error) {
	type plain route
	own := plain(r)
	own.Routes = nil
	node, err := explained(own, r.why)
	if err != nil || len(r.Routes) == 0 {
		return node, err
	}
	below := &yaml.Node{Kind: yaml.SequenceNode}
	for _, child := range r.Routes {
		encoded, err := child.MarshalYAML()
		if err != nil {
			return nil, err
		}
		below.Content = append(below.Content, encoded.(*yaml.Node))
	}
	node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "routes"}, below)
	return node, nil
}

type inhibition struct {
	why string

	Source []string `yaml:"source_matchers,flow"`
	Target []string `yaml:"target_matchers,flow"`
	Equal  []string `yaml:"equal,flow"`
}

// MarshalYAML puts the reason above the rule.
func (i inhibition) MarshalYAML() (any, error) {
	type plain inhibition
	return explained(plain(i), i.why)
}

func explained(v any, why string) (*yaml.Node, error) {
	var node yaml.Node
	if err := node.Encode(v); err != nil {
		return nil, err
	}
	node.HeadComment = why
	return &node, nil
}

type timeInterval struct {
	Name      string  `yaml:"name"`
	Intervals []hours `yaml:"time_intervals"`
}

type hours struct {
	Weekdays    []string    `yaml:"weekdays,omitempty,flow"`
	Times       []timeRange `yaml:"times,omitempty,flow"`
	DaysOfMonth []string    `yaml:"days_of_month,omitempty,flow"`
	Months      []string    `yaml:"months,omitempty,flow"`
	Years       []string    `yaml:"years,omitempty,flow"`
	Location    string      `yaml:"location"`
}

type timeRange struct {
	Start string `yaml:"start_time"`
	End   string `yaml:"end_time"`
}

type receiver struct {
	Name      string             `yaml:"name"`
	Webhook   []webhookChannel   `yaml:"webhook_configs,omitempty"`
	Slack     []slackChannel     `yaml:"slack_configs,omitempty"`
	Teams     []teamsChannel     `yaml:"msteamsv2_configs,omitempty"`
	Email     []emailChannel     `yaml:"email_configs,omitempty"`
	PagerDuty []pagerDutyChannel `yaml:"pagerduty_configs,omitempty"`
	VictorOps []victorOpsChannel `yaml:"victorops_configs,omitempty"`
}

// silent reports whether the receiver tells nobody.
func (r receiver) silent() bool {
	return len(r.Webhook)+len(r.Slack)+len(r.Teams)+len(r.Email)+len(r.PagerDuty)+len(r.VictorOps) == 0
}

type webhookChannel struct {
	URL          string     `yaml:"url"`
	SendResolved bool       `yaml:"send_resolved"`
	Timeout      string     `yaml:"timeout"`
	HTTP         httpConfig `yaml:"http_config"`
}

type httpConfig struct {
	FollowRedirects bool           `yaml:"follow_redirects"`
	Authorization   *authorization `yaml:"authorization,omitempty"`
}

type authorization struct {
	Type            string `yaml:"type"`
	CredentialsFile string `yaml:"credentials_file"`
}

type slackChannel struct {
	APIURLFile   string `yaml:"api_url_file"`
	Channel      string `yaml:"channel"`
	SendResolved bool   `yaml:"send_resolved"`
	Color        string `yaml:"color"`
	Title        string `yaml:"title"`
	TitleLink    string `yaml:"title_link"`
	Text         string `yaml:"text"`
	Fallback     string `yaml:"fallback"`
	Footer       string `yaml:"footer"`
}

type teamsChannel struct {
	WebhookURLFile string `yaml:"webhook_url_file"`
	SendResolved   bool   `yaml:"send_resolved"`
	Title          string `yaml:"title"`
	Text           string `yaml:"text"`
}

type emailChannel struct {
	To               string            `yaml:"to"`
	From             string            `yaml:"from,omitempty"`
	Smarthost        string            `yaml:"smarthost,omitempty"`
	AuthUsername     string            `yaml:"auth_username,omitempty"`
	AuthPasswordFile string            `yaml:"auth_password_file,omitempty"`
	RequireTLS       *bool             `yaml:"require_tls,omitempty"`
	ForceImplicitTLS *bool             `yaml:"force_implicit_tls,omitempty"`
	SendResolved     bool              `yaml:"send_resolved"`
	Headers          map[string]string `yaml:"headers"`
	Text             string            `yaml:"text"`
	HTML             string            `yaml:"html"`
	Threading        threading         `yaml:"threading"`
}

type threading struct {
	Enabled bool   `yaml:"enabled"`
	By      string `yaml:"thread_by_date"`
}

type pagerDutyChannel struct {
	RoutingKeyFile string `yaml:"routing_key_file"`
	SendResolved   bool   `yaml:"send_resolved"`
	Severity       string `yaml:"severity"`
	Description    string `yaml:"description"`
	Client         string `yaml:"client"`
}

type victorOpsChannel struct {
	APIKeyFile        string `yaml:"api_key_file"`
	RoutingKey        string `yaml:"routing_key"`
	SendResolved      bool   `yaml:"send_resolved"`
	EntityDisplayName string `yaml:"entity_display_name"`
	StateMessage      string `yaml:"state_message"`
	MonitoringTool    string `yaml:"monitoring_tool"`
}
