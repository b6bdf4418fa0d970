package catalog

// Inbound is a place outside that sends alerts of its own, to the path
// /api/v1/inbound/NAME of the receiver: exactly one of Azure, CloudWatch,
// Grafana and JSON says in which form. Each of its alerts becomes an alert of
// Alertmanager, of the service that claims it (Service.AlertsFrom).
type Inbound struct {
	Name       string             `yaml:"-"`
	Azure      *AzureInbound      `yaml:"azure,omitempty"`
	CloudWatch *CloudWatchInbound `yaml:"cloudwatch,omitempty"`
	Grafana    *GrafanaInbound    `yaml:"grafana,omitempty"`
	JSON       *JSONInbound       `yaml:"json,omitempty"`
	TokenFile  string             `yaml:"token_file,omitempty"` // what the place shows: a bearer token, a password, or ?token= behind the address
	Service    string             `yaml:"service,omitempty"`    // of alerts that no service claims; none by default
	Team       string             `yaml:"team,omitempty"`       // of alerts of no service; monitoring.fallback_team by default
	Severity   Severity           `yaml:"severity,omitempty"`   // of alerts that name none; warning by default
	Audience   Audience           `yaml:"audience,omitempty"`   // of alerts that do not tell; developers by default
}

// AzureInbound takes Azure Monitor's common alert schema. Besides or instead
// of the token, Entra proves who sends.
type AzureInbound struct {
	Entra  *Entra       `yaml:"entra,omitempty"`
	Expire *AzureExpire `yaml:"expire,omitempty"` // never nil after loading
}

// Entra says whose tokens a secure webhook of Azure must show.
type Entra struct {
	Issuer   string `yaml:"issuer"`           // as the token names it, such as https://sts.windows.net/TENANT/
	Audience string `yaml:"audience"`         // the application id URI of the webhook
	Client   string `yaml:"client,omitempty"` // the application that calls; Azure Monitor's own by default
	Role     string `yaml:"role,omitempty"`   // which the application must have; any by default
}

// AzureExpire is when alerts end by themselves that Azure never ends. Zero is
// never.
type AzureExpire struct {
	Metric         Duration `yaml:"metric,omitempty"`          // for rules that do not resolve; never by default
	Log            Duration `yaml:"log,omitempty"`             // likewise
	ActivityLog    Duration `yaml:"activity_log,omitempty"`    // 1h by default
	ServiceHealth  Duration `yaml:"service_health,omitempty"`  // 1d by default
	ResourceHealth Duration `yaml:"resource_health,omitempty"` // 1d by default
}

// CloudWatchInbound takes alarms of CloudWatch through HTTPS subscriptions of
// SNS. Topics are the ARNs from which messages are taken; no others are.
type CloudWatchInbound struct {
	Topics []string `yaml:"topics"`
	Expire Duration `yaml:"expire,omitempty"` // of alarms whose end is not told here; 1d by default
}

// GrafanaInbound takes the webhooks of Grafana's own alerting.
type GrafanaInbound struct {
	Expire Duration `yaml:"expire,omitempty"` // of alerts that are not told again; never by default
}

// JSONInbound takes any JSON. In its texts {{PATH}} stands for what a JSON
// path finds in the alert.
type JSONInbound struct {
	Alerts      string              `yaml:"alerts,omitempty"`      // JSON path of the alerts in the body; the body is one alert by default
	Key         string              `yaml:"key"`                   // what pairs an alert's end with its beginning
	Title       string              `yaml:"title"`                 // what the rule is called
	Summary     string              `yaml:"summary,omitempty"`     // what is wrong, in a line
	Description string              `yaml:"description,omitempty"` // more of it
	Severity    string              `yaml:"severity,omitempty"`
	Severities  map[string]Severity `yaml:"severities,omitempty"` // their words for severities
	State       string              `yaml:"state,omitempty"`
	Resolved    []string            `yaml:"resolved,omitempty"` // states that mean that it is over
	Service     string              `yaml:"service,omitempty"`  // which service it is about
	Labels      map[string]string   `yaml:"labels,omitempty"`   // for Service.AlertsFrom
	Expire      Duration            `yaml:"expire,omitempty"`   // of alerts that are not told again; never by default
}

// AlertMatch says which alerts from elsewhere are about a service: those that
// fit every key. In texts * stands for any part, and case does not count.
type AlertMatch struct {
	From       string            `yaml:"from,omitempty"`       // the name under inbound; any by default
	Title      string            `yaml:"title,omitempty"`      // of the rule or the alarm
	Resource   string            `yaml:"resource,omitempty"`   // the id of an Azure resource, or the ARN of an alarm
	Dimensions map[string]string `yaml:"dimensions,omitempty"` // of the metric
	Labels     map[string]string `yaml:"labels,omitempty"`     // custom properties of Azure, labels of Grafana and json
	Severity   Severity          `yaml:"severity,omitempty"`   // of these alerts, whatever they say themselves
	Audience   Audience          `yaml:"audience,omitempty"`   // likewise
}

// Severity is how bad an alert is.
type Severity string

// The values of Severity.
const (
	SeverityCritical Severity = "critical"
	SeverityWarning  Severity = "warning"
	SeverityInfo     Severity = "info"
)

func (s *Severity) parse(text string) (err error) {
	*s, err = choice(text, SeverityCritical, SeverityWarning, SeverityInfo)
	return err
}

// Audience is whom an alert concerns.
type Audience string

// The values of Audience.
const (
	AudienceUsers      Audience = "users"
	AudienceDevelopers Audience = "developers"
	AudiencePlatform   Audience = "platform"
)

func (a *Audience) parse(text string) (err error) {
	*a, err = choice(text, AudienceUsers, AudienceDevelopers, AudiencePlatform)
	return err
}

// azureMonitor is the application by which Azure Monitor calls secure webhooks:
// https://learn.microsoft.com/azure/azure-monitor/alerts/action-groups.
const azureMonitor = "461e8683-5575-4561-ac7f-899cc907d62a"

func (c *Catalog) completeInbound() {
	for name, in := range c.Inbound {
		in.Name = name
		in.Severity = or(in.Severity, SeverityWarning)
		in.Team = or(in.Team, c.Monitoring.FallbackTeam)
		if in.CloudWatch != nil {
			in.CloudWatch.Expire = or(in.CloudWatch.Expire, day)
		}
		if in.Azure == nil {
			continue
		}
		if in.Azure.Entra != nil {
			in.Azure.Entra.Client = or(in.Azure.Entra.Client, azureMonitor)
		}
		if in.Azure.Expire == nil {
			in.Azure.Expire = new(AzureExpire)
		}
		e := in.Azure.Expire
		e.ActivityLog = or(e.ActivityLog, day/24)
		e.ServiceHealth, e.ResourceHealth = or(e.ServiceHealth, day), or(e.ResourceHealth, day)
	}
}
