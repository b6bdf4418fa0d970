package inbound

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// readAzure reads Azure Monitor's common alert schema, whose essentials are the
// same for all alerts and whose context is not:
// https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema.
func readAzure(spec *catalog.AzureInbound, body []byte) ([]Event, error) {
	post, err := read(body)
	if err != nil {
		return nil, fmt.Errorf("the body is not JSON: %w", err)
	}
	switch id := post.text("schemaId"); id {
	case "azureMonitorCommonAlertSchema":
	case "AIP Budget Notification": // of budgets whose action group has no common schema
		return []Event{oldBudget(spec, post.at("data"))}, nil
	default:
		return nil, fmt.Errorf("schemaId is %q, want \"azureMonitorCommonAlertSchema\": enable the common alert schema in the action group", line(id))
	}
	a := azureAlert{essentials: post.at("data").at("essentials"), context: post.at("data").at("alertContext")}
	a.custom = post.at("data").at("customProperties").pairs()
	e := a.event()
	if e.Key == "" {
		return nil, fmt.Errorf("data.essentials has neither alertId nor originAlertId")
	}
	switch a.kind() {
	case azureServiceHealth:
		e.Expire = spec.Expire.ServiceHealth.Std()
		a.serviceHealth(&e)
	case azureResourceHealth:
		e.Expire = spec.Expire.ResourceHealth.Std()
		a.resourceHealth(&e)
	case azureActivityLog, azureBudget:
		e.Expire = spec.Expire.ActivityLog.Std()
	case azureLog:
		e.Expire = spec.Expire.Log.Std()
	case azureMetric:
		e.Expire = spec.Expire.Metric.Std()
	}
	e.named()
	return []Event{e}, nil
}

// azureAlert is one post, taken apart.
type azureAlert struct {
	essentials, context object
	custom              map[string]string
}

// azureKind is what an alert of Azure watches.
type azureKind int

const (
	azureMetric azureKind = iota
	azureLog
	azureActivityLog
	azureServiceHealth
	azureResourceHealth
	azureBudget
)

// kind goes by the names that Azure writes with and without spaces.
func (a azureAlert) kind() azureKind {
	plain := func(text string) string { return strings.ToLower(strings.ReplaceAll(text, " ", "")) }
	switch service := plain(a.essentials.text("monitoringService")); {
	case service == "servicehealth":
		return azureServiceHealth
	case service == "resourcehealth":
		return azureResourceHealth
	case service == "costalerts":
		return azureBudget
	}
	switch plain(a.essentials.text("signalType")) {
	case "log":
		return azureLog
	case "activitylog":
		return azureActivityLog
	}
	return azureMetric
}

// event is what the essentials say.
func (a azureAlert) event() Event {
	s := a.essentials
	e := Event{
		Key: cmp.Or(s.text("alertId"), s.text("originAlertId")), Title: a.title(), Link: a.link(),
		At:         instant(s.text("firedDateTime"), time.RFC3339Nano),
		Severity:   a.severity(),
		Resources:  slices.Concat(s.texts("alertTargetIDs"), s.texts("configurationItems"), a.context.at("AlertData").texts("Scope")),
		Dimensions: a.dimensions(), Labels: maps.Clone(a.custom),
	}
	maps.Copy(e.Labels, a.context.at("labels").pairs()) // of an alert of Azure's Prometheus
	if strings.EqualFold(s.text("monitorCondition"), "Resolved") {
		e.Ended, e.At = true, instant(s.text("resolvedDateTime"), time.RFC3339Nano)
	}
	if a.context.text("conditionType") == "WebtestLocationAvailabilityCriteria" {
		e.Audience = catalog.AudienceUsers // an availability test: people cannot reach it either
	}
	e.Summary, e.Detail = a.texts(e)
	return e
}

// title is the rule's name. A budget has none in its place.
func (a azureAlert) title() string {
	return cmp.Or(a.essentials.text("alertRule"), a.context.at("AlertData").text("BudgetName"), a.essentials.text("monitoringService"))
}

// link is the first page about the alert that is named.
func (a azureAlert) link() string {
	found := link(a.essentials.text("investigationLink"))
	for _, condition := range append(a.conditions(), a.context) {
		found = cmp.Or(found, link(condition.text("linkToFilteredSearchResultsUI")), link(condition.text("linkToSearchResultsUI")), link(condition.text("LinkToSearchResults")))
	}
	return found
}

// severity is that of the rule. Azure gives every alert of the activity log
// Sev4, which says nothing; of those, Defender's have words of their own.
func (a azureAlert) severity() catalog.Severity {
	if strings.EqualFold(a.context.text("eventSource"), "Security") || strings.HasSuffix(strings.ToLower(a.essentials.text("monitoringService")), "security") {
		switch strings.ToLower(a.context.at("properties").text("severity")) {
		case "high":
			return catalog.SeverityCritical
		case "medium":
			return catalog.SeverityWarning
		case "low", "informational":
			return catalog.SeverityInfo
		}
	}
	switch strings.ToLower(a.essentials.text("severity")) {
	case "sev0", "sev1":
		return catalog.SeverityCritical
	case "sev2":
		return catalog.SeverityWarning
	case "sev3":
		return catalog.SeverityInfo
	case "sev4":
		if kind := a.kind(); kind == azureMetric || kind == azureLog {
			return catalog.SeverityInfo
		}
	}
	return ""
}

// conditions are those of the rule. The first version of log alerts has one,
// without a place of its own.
func (a azureAlert) conditions() []object {
	found := slices.Concat(a.context.at("condition").objects("allOf"), a.context.at("condition").objects("anyOf"))
	if len(found) == 0 && a.context.text("SearchQuery") != "" {
		found = []object{a.context}
	}
	return found
}

// dimensions are those of all conditions, and the name of an availability test.
func (a azureAlert) dimensions() map[string]string {
	found := map[string]string{}
	for _, condition := range append(a.conditions(), a.context) {
		for _, dimension := range condition.objects("dimensions") {
			if name := dimension.text("name"); name != "" && len(found) < maxPairs {
				found[cut(name, maxLine)] = cut(dimension.text("value"), maxText)
			}
		}
		if test := condition.text("webTestName"); test != "" {
			found["webTestName"] = cut(test, maxText)
		}
	}
	return found
}

// texts say what was measured, of what, and what the rule's author wrote.
func (a azureAlert) texts(e Event) (summary, detail string) {
	var measured []string
	for _, condition := range a.conditions() {
		if text := measurement(condition); text != "" {
			measured = append(measured, text)
		}
	}
	summary = e.Title
	if len(measured) > 0 {
		summary += ": " + strings.Join(measured, ", ")
	}
	if items := a.essentials.texts("configurationItems"); len(items) > 0 {
		summary += " (" + strings.Join(items[:min(3, len(items))], ", ") + ")"
	}
	about, properties := a.context.at("annotations"), a.context.at("properties")
	parts := []string{
		a.essentials.text("description"), about.text("summary"), about.text("description"), a.context.text("DetectionSummary"),
		a.operation(), properties.text("recommendationName"), properties.text("recommendationResourceLink"),
	}
	if ids := a.essentials.texts("alertTargetIDs"); len(ids) > 0 {
		parts = append(parts, "Resources: "+strings.Join(ids[:min(5, len(ids))], ", "))
	}
	return summary, joined(parts)
}

// operation is what somebody did, as the activity log says it.
func (a azureAlert) operation() string {
	text := a.context.text("operationName")
	if status := a.context.text("status"); text != "" && status != "" && a.kind() == azureActivityLog {
		text += ": " + status
	}
	if caller := a.context.text("caller"); text != "" && caller != "" && a.kind() == azureActivityLog {
		text += ", by " + caller
	}
	return text
}

// measurement is one condition in words: its value, and what it is compared
// with, which Azure writes as a text.
func measurement(condition object) string {
	name := cmp.Or(condition.text("metricName"), condition.text("metricMeasureColumn"))
	if name == "" && condition.text("searchQuery") != "" {
		name = "the query's result"
	}
	if name == "" {
		return ""
	}
	text := name
	if value := cmp.Or(condition.text("metricValue"), condition.text("ResultCount")); value != "" {
		text += " is " + value
	}
	if threshold := condition.text("threshold"); threshold != "" {
		text += ", " + spaced(condition.text("operator")) + " " + threshold
	}
	return text
}

// spaced is GreaterThanOrEqual as words.
func spaced(text string) string {
	var b strings.Builder
	for n, r := range text {
		if unicode.IsUpper(r) && n > 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func joined(parts []string) string {
	return strings.Join(slices.DeleteFunc(parts, func(text string) bool { return strings.TrimSpace(text) == "" }), "\n")
}

// serviceHealth reads news of a trouble at Azure: each is an alert of its own,
// which never resolves; the tracking id holds them together.
func (a azureAlert) serviceHealth(e *Event) {
	p := a.context.at("properties")
	if id := p.text("trackingId"); id != "" {
		e.Key = "service health " + id + " " + e.Title
	}
	switch p.text("incidentType") {
	case "Incident", "Security":
		e.Severity = catalog.SeverityWarning
	default: // maintenance, advice
		e.Severity = catalog.SeverityInfo
	}
	stage := p.text("stage")
	e.Ended = e.Ended || slices.Contains([]string{"Resolved", "Complete", "Canceled", "RCA"}, stage)
	e.Summary = cmp.Or(p.text("defaultLanguageTitle"), p.text("title"), e.Title)
	e.Detail = joined([]string{
		fmt.Sprintf("%s of %s in %s: %s.", cmp.Or(p.text("incidentType"), "News"), cmp.Or(p.text("service"), "a service"), cmp.Or(p.text("region"), "a region"), cmp.Or(stage, "no stage")),
		"Tracking id: " + p.text("trackingId"), e.Detail,
	})
	a.dimension(e, "service", p.text("service"))
	a.dimension(e, "region", p.text("region"))
}

// resourceHealth reads what Azure thinks of one resource. Its end is an alert
// of its own, which says that the resource is available.
func (a azureAlert) resourceHealth(e *Event) {
	p := a.context.at("properties")
	status := p.text("currentHealthStatus")
	if about := cmp.Or(strings.Join(a.essentials.texts("alertTargetIDs"), " "), strings.Join(a.essentials.texts("configurationItems"), " ")); about != "" {
		e.Key = "resource health " + strings.ToLower(about) + " " + e.Title
	}
	e.Ended = e.Ended || strings.EqualFold(status, "Available")
	e.Severity = catalog.SeverityWarning
	if p.text("cause") == "UserInitiated" {
		e.Severity = catalog.SeverityInfo
	}
	e.Summary = fmt.Sprintf("%s is %s: %s", cmp.Or(strings.Join(a.essentials.texts("configurationItems"), ", "), "A resource"),
		cmp.Or(strings.ToLower(status), "in an unknown state"), cmp.Or(p.text("title"), e.Title))
	e.Detail = joined([]string{p.text("details"), "Cause: " + cmp.Or(p.text("cause"), "unknown"), e.Detail})
	a.dimension(e, "cause", p.text("cause"))
}

// oldBudget reads what a budget says through an action group without the
// common alert schema.
func oldBudget(spec *catalog.AzureInbound, data object) Event {
	name := data.text("BudgetName")
	return Event{
		Key: "budget " + data.text("SubscriptionId") + " " + data.text("ResourceGroup") + " " + name, Title: name, Expire: spec.Expire.ActivityLog.Std(),
		Summary:    fmt.Sprintf("%s: %s of %s %s are spent", cmp.Or(name, "A budget"), data.text("SpendingAmount"), data.text("Budget"), data.text("Unit")),
		Detail:     joined([]string{"Subscription: " + data.text("SubscriptionName"), "Told from " + data.text("NotificationThresholdAmount") + " on"}),
		Resources:  data.texts("ResourceGroup"),
		Dimensions: map[string]string{}, Labels: map[string]string{},
	}
}

func (azureAlert) dimension(e *Event, name, value string) {
	if value != "" {
		e.Dimensions[name] = cut(value, maxText)
	}
}
