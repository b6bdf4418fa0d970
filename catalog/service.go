package catalog

// Service is one box on the map: something people use, or something it depends
// on. An external service is somebody else's and needs no team.
type Service struct {
	Name       string                  `yaml:"-"`
	Team       string                  `yaml:"team,omitempty"`
	External   bool                    `yaml:"external,omitempty"`
	URL        string                  `yaml:"url,omitempty"`
	Runbook    string                  `yaml:"runbook,omitempty"`
	Page       Page                    `yaml:"page,omitempty"`       // the team's by default; never for an external service
	PageOn     PageOn                  `yaml:"page_on,omitempty"`    // the team's by default
	PageAfter  Duration                `yaml:"page_after,omitempty"` // defaults.page_after by default
	Thresholds Thresholds              `yaml:"thresholds,omitempty"`
	Objective  Objective               `yaml:"objective,omitempty"`
	DependsOn  []string                `yaml:"depends_on,omitempty"`
	Probes     map[string]*Probe       `yaml:"probes,omitempty"`
	Resources  map[string]*Resource    `yaml:"resources,omitempty"`
	Usage      map[string]string       `yaml:"usage,omitempty"` // PromQL, one value each
	Pipelines  map[string]*Pipeline    `yaml:"pipelines,omitempty"`
	Alerts     map[string]AlertSetting `yaml:"alerts,omitempty"`      // by alert name
	AlertsFrom []AlertMatch            `yaml:"alerts_from,omitempty"` // alerts from elsewhere that are about it
}

// AlertSetting tunes one alert for one service: off, info, warning or critical.
type AlertSetting string

// The values of AlertSetting.
const (
	AlertOff      AlertSetting = "off"
	AlertInfo     AlertSetting = "info"
	AlertWarning  AlertSetting = "warning"
	AlertCritical AlertSetting = "critical"
)

func (a *AlertSetting) parse(text string) (err error) {
	*a, err = choice(text, AlertOff, AlertInfo, AlertWarning, AlertCritical)
	return err
}

// Pipeline is a deployment pipeline: exactly one provider is set.
type Pipeline struct {
	Name     string          `yaml:"-"`
	Interval Duration        `yaml:"interval,omitempty"` // between polls; 60s by default
	GitHub   *GitHubPipeline `yaml:"github,omitempty"`
}

// GitHubPipeline is a workflow of GitHub Actions on one branch. Checks gives
// names to jobs by regular expression, so that a failed security or
// accessibility test can be told from a failed build.
type GitHubPipeline struct {
	Repository string             `yaml:"repository"`
	Workflow   string             `yaml:"workflow"`
	Branch     string             `yaml:"branch,omitempty"` // main by default
	Checks     map[string]*Regexp `yaml:"checks,omitempty"`
}
