package catalog

// Twilio is an account for text messages and calls. AuthTokenFile verifies
// what Twilio posts back; requests are made with it too, unless there is an API
// key. SMSFrom is a phone number or the id of a messaging service; VoiceFrom is
// a phone number. Without one of them that way does not exist. URL is another
// server that speaks the same protocol.
type Twilio struct {
	AccountSID    string `yaml:"account_sid"`
	AuthTokenFile string `yaml:"auth_token_file"`
	APIKey        string `yaml:"api_key,omitempty"`
	APISecretFile string `yaml:"api_secret_file,omitempty"`
	SMSFrom       string `yaml:"sms_from,omitempty"`
	VoiceFrom     string `yaml:"voice_from,omitempty"`
	Language      string `yaml:"language,omitempty"` // in which calls speak, such as en-GB, which is the default
	URL           string `yaml:"url,omitempty"`
}

// GovukNotify is a service at GOV.UK Notify, for text messages and mail. The
// templates hold ((message)), and ((subject)) for mail; without one of them
// that way does not exist. CallbackTokenFile holds the bearer token that was
// chosen for callbacks.
type GovukNotify struct {
	APIKeyFile        string `yaml:"api_key_file"`
	CallbackTokenFile string `yaml:"callback_token_file,omitempty"`
	SMSTemplate       string `yaml:"sms_template,omitempty"`
	SMSSender         string `yaml:"sms_sender,omitempty"`
	EmailTemplate     string `yaml:"email_template,omitempty"`
	EmailReplyTo      string `yaml:"email_reply_to,omitempty"`
	URL               string `yaml:"url,omitempty"`
}
