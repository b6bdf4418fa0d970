package catalog

// Links says where the other parts answer, as people's browsers and our own
// parts reach them. All are absolute http or https URLs without credentials.
type Links struct {
	Prometheus   string   `yaml:"prometheus,omitempty"`
	Alertmanager []string `yaml:"alertmanager,omitempty"` // every member of the cluster
	Grafana      string   `yaml:"grafana,omitempty"`
	Board        string   `yaml:"board,omitempty"`     // the receiver's incident board
	Exporters    []string `yaml:"exporters,omitempty"` // asked by the receiver for the details of a pipeline's run and of a probe's failure
	Runbooks     string   `yaml:"runbooks,omitempty"`  // prefix of the pages in docs/runbooks; the alert's name follows
}

// Accounts names the services that Tocsin logs in to.
type Accounts struct {
	GitHub       *GitHubAccount       `yaml:"github,omitempty"` // never nil after loading
	Alertmanager *AlertmanagerAccount `yaml:"alertmanager,omitempty"`
}

// AlertmanagerAccount is how the receiver and the tool log in to every member of
// links.alertmanager.
type AlertmanagerAccount struct {
	Auth *Auth       `yaml:"auth,omitempty"`
	TLS  *Encryption `yaml:"tls,omitempty"`
}

// GitHubAccount is how the pipeline collector and the receiver reach GitHub.
// API is the REST base URL, https://api.github.com by default. Without a login,
// which is a token or an app, GitHub allows 60 requests an hour.
type GitHubAccount struct {
	API   string     `yaml:"api,omitempty"`
	Token *Secret    `yaml:"token,omitempty"`
	App   *GitHubApp `yaml:"app,omitempty"`
}

// GitHubApp is a GitHub App that is installed in an account. ID is its id or its
// client id, KeyFile holds its private key.
type GitHubApp struct {
	ID           string `yaml:"id"`
	Installation int    `yaml:"installation"`
	KeyFile      string `yaml:"key_file"`
}

// LoggedIn says whether GitHub knows who asks.
func (a *GitHubAccount) LoggedIn() bool { return a != nil && (a.Token != nil || a.App != nil) }

// Secret reads what nobody else knows of the login: the token, or the app's key.
func (a *GitHubAccount) Secret() (string, error) {
	if a.App != nil {
		return (&Secret{Path: a.App.KeyFile, place: "accounts.github.app.key_file"}).Read()
	}
	return a.Token.Read()
}
