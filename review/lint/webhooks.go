package lint

import (
	"fmt"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// webhooks fills in every template of a team's webhook with an incident made for
// that, as the receiver does when it loads the catalogue.
func webhooks(in Input) []Finding {
	var findings []Finding
	seen := 0
	for _, name := range sorted(in.Catalog.Teams) {
		hook := in.Catalog.Teams[name].Channels.Webhook
		if hook == nil || hook.TemplateFile == "" {
			continue
		}
		seen++
		if err := notify.CheckWebhookTemplate(hook.TemplateFile, hook.ContentType); err != nil {
			at := fmt.Sprintf("teams.%s.channels.webhook.template_file", name)
			findings = append(findings, Finding{Problem, in.Catalog.Errorf(at, "%v", err).Error()})
		}
	}
	return orGood(findings, number(seen, "template"))
}
