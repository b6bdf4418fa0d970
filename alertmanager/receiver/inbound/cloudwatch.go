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
	if detail := alarm.at("detail"); alarm.text("detail-type") == "CloudWatch Alarm State Change" && detail.text("alarmName") != "" {
		return cloudWatchAlarm(spec, ofEventBridge(alarm, detail))
	}
	return []Event{{
		Key: "message " + m.MessageID, At: instant(m.Timestamp, time.RFC3339Nano), Expire: spec.Expire.Std(),
		Title: cmp.Or(line(m.Subject), line(alarm.text("detail-type")), "Message of "+topicName(m.TopicArn)), Detail: m.Message,
		Resources: append(alarm.texts("resources"), m.TopicArn),
	}}
}

// ofEventBridge is a change of state that EventBridge put into the topic, in
// the words of CloudWatch's own message.
func ofEventBridge(event, detail object) object {
	state := detail.at("state")
	alarm := object{
		"AlarmName": detail.text("alarmName"), "NewStateValue": state.text("value"), "NewStateReason": state.text("reason"), "StateChangeTime": state.text("timestamp"),
		"AWSAccountId": event.text("account"), "Region": event.text("region"), "AlarmDescription": detail.at("configuration").text("description"),
		"Trigger": map[string]any{"Metrics": detail.at("configuration").value("metrics")},
	}
	if arns := event.texts("resources"); len(arns) > 0 {
		alarm["AlarmArn"] = arns[0]
	}
	return alarm
}

// cloudWatchAlarm makes two alerts of an alarm: one says that it is in alarm,
// the other that its data are missing. Missing data end no alarm: losing sight
// is not recovery. Nor does a state that nobody knows.
func cloudWatchAlarm(spec *catalog.CloudWatchInbound, alarm object) []Event {
	e := alarmEvent(alarm)
	if !slices.ContainsFunc(spec.Topics, func(topic string) bool { return slices.Contains(alarm.texts("OKActions"), topic) }) {
		e.Expire = spec.Expire.Std()
		e.Detail = joined([]string{e.Detail, "The alarm has no OK action for this topic: Tocsin ends the alert after " + spec.Expire.String() + "."})
	}
	blind := e
	blind.Key += " without data"
	blind.Summary = e.Title + ": CloudWatch has no data for it"
	switch state := alarm.text("NewStateValue"); strings.ToUpper(state) {
	case "OK":
		e.Ended, blind.Ended = true, true
	case "INSUFFICIENT_DATA":
		return []Event{blind}
	case "ALARM":
		blind.Ended = true
	default:
		blind.Ended = true
		e.Detail = joined([]string{e.Detail, "The state is " + line(state) + ", which Tocsin takes for an alarm."})
	}
	return []Event{e, blind}
}

func alarmEvent(alarm object) Event {
	trigger := alarm.at("Trigger")
	metrics := metricsOf(trigger)
	metric := metrics[0]
	name, account, region := alarm.text("AlarmName"), alarm.text("AWSAccountId"), alarm.text("Region")
	e := Event{
		Key: cmp.Or(alarm.text("AlarmArn"), account+" "+region+" "+name), Title: name,
		At:         instant(alarm.text("StateChangeTime"), cloudWatchTime, time.RFC3339Nano),
		Resources:  alarms(alarm),
		Dimensions: map[string]string{},
		Labels:     map[string]string{"account": account, "region": region, "namespace": metric.text("Namespace"), "metric": metric.text("MetricName")},
	}
	for _, one := range metrics {
		e.dimensions(one)
	}
	if slices.Contains([]string{"AWS/Route53", "CloudWatchSynthetics"}, metric.text("Namespace")) {
		e.Audience = catalog.AudienceUsers // checks from outside: people cannot reach it either
	}
	e.Summary = name
	switch called := metric.text("MetricName"); {
	case called == "":
	case trigger.text("ThresholdMetricId") != "":
		e.Summary = fmt.Sprintf("%s: %s is outside of what CloudWatch expects", name, called)
	case trigger.text("Threshold") != "":
		e.Summary = fmt.Sprintf("%s: %s, want not %s %s", name, called, compared(trigger.text("ComparisonOperator")), trigger.text("Threshold"))
	}
	e.Detail = joined([]string{alarm.text("AlarmDescription"), alarm.text("NewStateReason"), alarm.text("AlarmRule")})
	return e
}

// alarms are the names of an alarm and, of a composite one, of those that set it
// off: the service that claims one of them is meant.
func alarms(alarm object) []string {
	found := []string{alarm.text("AlarmArn")}
	for _, child := range alarm.objects("TriggeringChildren") {
		found = append(found, child.text("Arn"))
	}
	found = slices.DeleteFunc(found, func(id string) bool { return id == "" })
	return found[:min(len(found), maxPairs)]
}

// metricsOf are the metrics of an alarm: one in its own words, or those that an
// expression or a band of expectation is made of. There is always a first.
func metricsOf(trigger object) []object {
	var found []object
	for _, one := range trigger.objects("Metrics") {
		if metric := one.at("MetricStat").at("Metric"); metric != nil {
			found = append(found, object{"Namespace": metric.text("Namespace"), "MetricName": cmp.Or(metric.text("MetricName"), metric.text("name")), "Dimensions": metric.value("Dimensions")})
		}
	}
	if len(found) == 0 {
		found = []object{trigger}
	}
	return found
}

// dimensions takes over those of a metric: a list of names and values, in any
// case, or an object of them.
func (e *Event) dimensions(metric object) {
	add := func(name, value string) {
		if name != "" && len(e.Dimensions) < maxPairs {
			e.Dimensions[cut(name, maxLine)] = cut(value, maxText)
		}
	}
	for _, dimension := range metric.objects("Dimensions") {
		add(dimension.text("name"), dimension.text("value"))
	}
	for name, value := range metric.at("Dimensions").pairs() {
		add(name, value)
	}
}

// compared is GreaterThanOrEqualToThreshold in words.
func compared(operator string) string {
	return spaced(strings.TrimSuffix(operator, "Threshold"))
}

func topicName(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }
