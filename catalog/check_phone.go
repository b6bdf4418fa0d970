package catalog

import (
	"regexp"
	"strings"
)

var (
	twilioAccount = regexp.MustCompile(`^AC[0-9a-f]{32}$`)
	twilioKey     = regexp.MustCompile(`^SK[0-9a-f]{32}$`)
	twilioService = regexp.MustCompile(`^MG[0-9a-f]{32}$`)
	templateID    = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	phoneNumber   = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	language      = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z]{2})?$`)
)

func (c *checker) checkTwilio(t *Twilio) {
	const path = "delivery.twilio"
	if t == nil {
		return
	}
	c.matches(path+".account_sid", t.AccountSID, twilioAccount, "AC and 32 hexadecimal digits")
	c.matches(path+".api_key", t.APIKey, twilioKey, "SK and 32 hexadecimal digits")
	c.matches(path+".language", t.Language, language, "one such as en-GB")
	c.checkBase(path+".url", t.URL)
	if (t.APIKey == "") != (t.APISecretFile == "") {
		c.add(path, "an API key has two parts (want api_key and api_secret_file, or neither)")
	}
	if !twilioService.MatchString(t.SMSFrom) {
		c.checkPhone(path+".sms_from", t.SMSFrom)
	}
	c.checkPhone(path+".voice_from", t.VoiceFrom)
	if t.SMSFrom == "" && t.VoiceFrom == "" && !c.said(path, "sms_from") && !c.said(path, "voice_from") {
		c.add(path, "no number to send from (want sms_from, voice_from or both)")
	}
	if t.VoiceFrom != "" && c.Links.Board == "" && !c.said("links", "board") {
		c.add(path+".voice_from", "the digit that acknowledges a call is posted to the board (add links.board)")
	}
}

func (c *checker) checkGovukNotify(n *GovukNotify) {
	const path = "delivery.govuk_notify"
	if n == nil {
		return
	}
	const want = "an id such as 01234567-89ab-cdef-0123-456789abcdef"
	c.matches(path+".sms_template", n.SMSTemplate, templateID, want)
	c.matches(path+".sms_sender", n.SMSSender, templateID, want)
	c.matches(path+".email_template", n.EmailTemplate, templateID, want)
	c.matches(path+".email_reply_to", n.EmailReplyTo, templateID, want)
	c.checkBase(path+".url", n.URL)
	if n.SMSTemplate == "" && n.EmailTemplate == "" && !c.said(path, "sms_template") && !c.said(path, "email_template") {
		c.add(path, "no template to send (want sms_template, email_template or both)")
	}
}

// matches wants a text of a certain shape, where there is one.
func (c *checker) matches(path, text string, shape *regexp.Regexp, want string) {
	if text != "" && !shape.MatchString(text) {
		c.add(path, "got %s, want %s", clipped(text), want)
	}
}

func (c *checker) checkPhone(path, number string) {
	c.matches(path, strings.ReplaceAll(number, " ", ""), phoneNumber, "a phone number in the international form, such as +44 7700 900000")
}
