package inbound

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// cloudWatchTime is how CloudWatch writes an instant: RFC 3339 but for the
// colon in the zone.
const cloudWatchTime = "2006-01-02T15:04:05.999-0700"

// readCloudWatch reads what a topic of SNS carried: a change of state of an
// alarm, or else a text, which nobody will end. An alarm acts once on each
// change and never again:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html.
func readCloudWatch(spec *catalog.CloudWatchInbound, m snsMessage) []Event {
	alarm, err := read([]byte(m.Message))
	if name := alarm.text("AlarmName"); err == nil && name != "" && alarm.text("NewStateValue") != "" {
		return cloudWatchAlarm(spec, alarm)
	}
	return []Event{{
		Key: "message " + m.MessageID, At: instant(m.Timestamp, time.RFC3339Nano), Expire: spec.Expire.Std(),
		Title: cmp.Or(line(m.Subject), "Message of "+topicName(m.TopicArn)), Detail: m.Message, Resources: []string{m.TopicArn},
	}}
}

// cloudWatchAlarm makes two alerts of an alarm: one says that it is in alarm,
// the other that its data are missing. Missing data end no alarm: losing sight
// is not recovery.
func cloudWatchAlarm(spec *catalog.CloudWatchInbound, alarm object) []Event {
	e := alarmEvent(alarm)
	if !slices.ContainsFunc(spec.Topics, func(topic string) bool { return slices.Contains(alarm.texts("OKActions"), topic) }) {
		e.Expire = spec.Expire.Std()
		e.Detail = joined([]string{e.Detail, "The alarm has no OK action for this topic: Tocsin ends the alert after " + spec.Expire.String() + "."})
	}
	blind := e
	blind.Key += " without data"
	blind.Summary = e.Title + ": CloudWatch has no data for it"
	switch alarm.text("NewStateValue") {
	case "ALARM":
		blind.Ended = true
	case "INSUFFICIENT_DATA":
		return []Event{blind}
	default:
		e.Ended, blind.Ended = true, true
	}
	return []Event{e, blind}
}

func alarmEvent(alarm object) Event {
	trigger := alarm.at("Trigger")
	name, account, region := alarm.text("AlarmName"), alarm.text("AWSAccountId"), alarm.text("Region")
	e := Event{
		Key: cmp.Or(alarm.text("AlarmArn"), account+" "+region+" "+name), Title: name,
		At:         instant(alarm.text("StateChangeTime"), cloudWatchTime, time.RFC3339Nano),
		Resources:  slices.DeleteFunc([]string{alarm.text("AlarmArn")}, func(id string) bool { return id == "" }),
		Dimensions: map[string]string{},
		Labels:     map[string]string{"account": account, "region": region, "namespace": trigger.text("Namespace"), "metric": trigger.text("MetricName")},
	}
	for _, dimension := range trigger.objects("Dimensions") { // name and value in any case
		if name := dimension.text("name"); name != "" && len(e.Dimensions) < maxPairs {
			e.Dimensions[cut(name, maxLine)] = cut(dimension.text("value"), maxText)
		}
	}
	if slices.Contains([]string{"AWS/Route53", "CloudWatchSynthetics"}, trigger.text("Namespace")) {
		e.Audience = catalog.AudienceUsers // checks from outside: people cannot reach it either
	}
	e.Summary = name
	if metric := trigger.text("MetricName"); metric != "" {
		e.Summary = fmt.Sprintf("%s: %s, want not %s %s", name, metric, compared(trigger.text("ComparisonOperator")), trigger.text("Threshold"))
	}
	e.Detail = joined([]string{alarm.text("AlarmDescription"), alarm.text("NewStateReason"), alarm.text("AlarmRule")})
	return e
}

// compared is GreaterThanOrEqualToThreshold in words.
func compared(operator string) string {
	return spaced(strings.TrimSuffix(operator, "Threshold"))
}

func topicName(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }
