package migrate

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// isAzure recognises an ARM template with availability tests, a resource of
// one, and the lists that Azure's command line prints.
func isAzure(d *document) bool {
	return d.format == formatJSON && len(armResources(d.root)) > 0 || strings.Contains(d.root.Get("$schema").Peek(), "deploymentParameters")
}

// armResources are the availability tests, alerts and action groups in a
// template, a list, or a single one.
func armResources(root *tree.Value) []*tree.Value {
	var found []*tree.Value
	var walk func(v *tree.Value)
	walk = func(v *tree.Value) {
		if isArm(v) {
			found = append(found, v)
		}
		for _, inner := range []*tree.Value{v.Get("resources"), v.Get("value"), v.Find("properties", "template", "resources")} {
			for _, item := range inner.Items() { // a list, or resources by symbolic name
				walk(item)
			}
		}
	}
	walk(root)
	if root.Is(tree.List) {
		for _, item := range root.Items() {
			walk(item)
		}
	}
	return found
}

func isArm(v *tree.Value) bool {
	kind := strings.ToLower(v.Get("type").Peek())
	return kind == "microsoft.insights/webtests" || kind == "microsoft.insights/metricalerts" || kind == "microsoft.insights/actiongroups" ||
		v.Get("webTestName") != nil && v.First("webTestKind", "syntheticMonitorId") != nil
}

// azure holds what the tests share.
type azure struct {
	*intake
	alerts []azureAlert
	groups map[string]*tree.Value // action groups by the words that name them
	heard  map[*tree.Value]bool   // those that hear of a test
}

// azureAlert says which action groups hear of a test.
type azureAlert struct {
	test   string // an id or expression that names the test
	groups []string
}

func readAzure(in *intake) {
	a := &azure{intake: in, groups: make(map[string]*tree.Value), heard: make(map[*tree.Value]bool)}
	for _, b := range in.resources("azurerm_monitor_action_group") {
		if in.known(b) {
			a.group(b.Type+"."+b.Name, b.Body)
			a.group(b.Body.Get("id").Text(), b.Body)
		}
	}
	for _, b := range in.resources("azurerm_monitor_metric_alert") {
		a.alert(b)
	}
	for _, b := range in.resources("azurerm_application_insights_standard_web_test") {
		if in.known(b) {
			a.standard(b.Body, terraformName(b.Body.Get("name"), b), []string{b.Type + "." + b.Name, b.Body.Get("id").Text()})
		}
	}
	for _, b := range in.resources("azurerm_application_insights_web_test") {
		if in.known(b) {
			a.classic(b.Body, terraformName(b.Body.Get("name"), b), []string{b.Type + "." + b.Name, b.Body.Get("id").Text()})
		}
	}
	for _, d := range in.documents {
		if d.source != nil {
			a.template(d.root, a.expressions(d.root))
		}
	}
	a.embedded()
	for _, id := range slices.Sorted(maps.Keys(a.groups)) {
		if group := a.groups[id]; !a.heard[group] {
			a.heard[group] = true
			in.leave(group, "action group "+cmp.Or(fold(group, "name").Peek(), id), "no availability test that is carried over is told to it")
		}
	}
}

func (a *azure) group(id string, v *tree.Value) {
	if id != "" {
		a.groups[strings.ToLower(id)] = v
	}
}

// alert reads which action groups hear of which test.
func (a *azure) alert(b *block) {
	criteria := b.Body.One("application_insights_web_test_location_availability_criteria")
	if criteria.Empty() {
		a.leave(b.Body, b.Address(), "it is about something else than an availability test: Tocsin's own rules, and its thresholds, are in its place")
		return
	}
	one := azureAlert{test: criteria.Get("web_test_id").Text()}
	for _, action := range b.Body.Get("action").Items() {
		one.groups = append(one.groups, action.Get("action_group_id").Text())
	}
	a.alerts = append(a.alerts, one)
	a.report.add(Changed, b.Body.At, b.Address(), "", "the failing locations that it counts are Tocsin's own rule: most of the locations that are well have to see the failure")
	b.Body.Read()
}

// team is that of the action groups that hear of a test.
func (a *azure) team(ids []string, at tree.Position) string {
	var groups []string
	for _, alert := range a.alerts {
		if slices.ContainsFunc(ids, func(id string) bool { return id != "" && strings.EqualFold(id, alert.test) }) {
			groups = append(groups, alert.groups...)
		}
	}
	slices.Sort(groups)
	groups = slices.Compact(groups)
	if len(groups) == 0 {
		return ""
	}
	key := "azure:" + strings.Join(groups, ",")
	if _, known := a.estate.teams[key]; known {
		return key
	}
	var called []string
	for _, id := range groups {
		group := a.groups[strings.ToLower(id)]
		called = append(called, cmp.Or(fold(group, "name").Peek(), strings.TrimPrefix(id[strings.LastIndexByte(id, '/')+1:], "azurerm_monitor_action_group.")))
	}
	team := a.estate.team(key, strings.Join(called[:min(2, len(called))], " and "), at)
	for _, id := range groups {
		if group := a.groups[strings.ToLower(id)]; group != nil {
			a.receivers(team, group)
		}
	}
	return key
}

// receivers gives a team what an action group reaches.
func (a *azure) receivers(team *Team, group *tree.Value) {
	a.heard[group] = true
	properties := group
	if inner := fold(group, "properties"); inner != nil {
		properties = inner
	}
	a.subject(group, "action group "+fold(group, "name").Text())
	for _, receiver := range properties.First("email_receiver", "emailReceivers").Each() {
		a.mail(team, receiver.First("email_address", "emailAddress").Texts(), receiver.At)
		receiver.Read()
	}
}

// standard reads a standard test of Terraform.
func (a *azure) standard(v *tree.Value, name string, ids []string) {
	a.subject(v, name)
	request, rules := v.One("request"), v.One("validation_rules")
	if rules == nil {
		rules = request.One("validation_rules")
	}
	t := &azureTest{azure: a, v: v, name: name, ids: ids, seconds: v.Get("frequency"), timeout: v.Get("timeout"), retry: v.Get("retry_enabled"), enabled: v.Get("enabled")}
	t.address, t.verb, t.follow, t.body = request.Get("url"), request.Get("http_verb"), request.Get("follow_redirects_enabled"), request.Get("body")
	t.headers = request.Get("header").Each()
	t.status, t.certificate, t.ssl = rules.Get("expected_status_code"), rules.Get("ssl_cert_remaining_lifetime"), rules.Get("ssl_check_enabled")
	content := rules.One("content")
	t.content, t.ignoreCase, t.pass = content.Get("content_match"), content.Get("ignore_case"), content.Get("pass_if_text_found")
	t.read()
}

// azureTest is a standard test on its way to a check.
type azureTest struct {
	*azure
	v    *tree.Value
	name string
	ids  []string

	seconds, timeout, retry, enabled, address, verb, follow, body *tree.Value
	headers                                                       []*tree.Value
	status, ignoreStatus, certificate, ssl                        *tree.Value
	content, ignoreCase, pass                                     *tree.Value
}

// begin is the check with what all tests have, or nil when it is left out.
func (t *azureTest) begin() *Check {
	if enabled, given := t.enabled.Bool(); given && !enabled {
		t.leave(t.v, t.name, "it is switched off")
		return nil
	}
	check := &Check{Service: t.name, At: t.v.At, Interval: time.Duration(cmp.Or(t.seconds.Int(), 300)) * time.Second, Timeout: time.Duration(cmp.Or(t.timeout.Int(), 30)) * time.Second}
	check.Confirm = 1
	if retry, given := t.retry.Bool(); retry || !given {
		check.Confirm = 3 // Azure repeats a failure after 20 seconds, up to twice
	}
	check.Team = t.team(t.ids, t.v.At)
	return check
}

func (t *azureTest) read() {
	if t.address.Is(tree.Unknown) || t.address.Empty() || strings.HasPrefix(t.address.Peek(), "[") {
		t.leave(t.v, t.name, "the address is not known here: %s", cmp.Or(t.address.Why(), t.address.Peek(), "there is none"))
		return
	}
	check := t.begin()
	if check == nil {
		return
	}
	address := t.address.Text()
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	s := t.request(address, t.address.At, t.name)
	check.URL = withoutSecrets(address)
	if verb := strings.ToUpper(t.verb.Text()); verb != "GET" {
		s.set("method", verb)
	}
	if follow, given := t.follow.Bool(); given && !follow {
		s.set("follow_redirects", false)
	}
	s.set("send", decoded(t.body.Text()))
	for _, header := range t.headers {
		if name := header.First("name", "key", "headerFieldName").Text(); name != "" {
			t.header(s, name, header.First("value", "headerFieldValue"), t.name)
		}
	}
	t.expectations(s)
	if days := t.certificate.Int(); days > 0 {
		check.Certificate = time.Duration(days) * 24 * time.Hour
	}
	t.ssl.Read()
	check.Kind, check.Settings = "http", s
	t.check(check)
}

func (t *azureTest) expectations(s *Settings) {
	switch code := t.status.Int(); {
	case t.ignoreStatus.True():
		s.status([]string{"100-599"})
	case code == 0 && t.status != nil:
		s.status([]string{"100-399"}) // 0: whatever is less than 400
	case code > 0:
		s.status([]string{strconv.Itoa(code)})
	}
	if t.content.Empty() {
		t.ignoreCase.Read()
		t.pass.Read()
		return
	}
	text := t.content.Text()
	found, given := t.pass.Bool()
	found = found || !given
	switch {
	case t.ignoreCase.True() && found:
		s.set("body_regexp", "(?i)"+quoteMeta(text))
	case t.ignoreCase.True():
		t.report.add(Changed, t.content.At, t.name, "ignore_case", "what the body must not contain is compared with its case")
		s.set("body_not", text)
	case found:
		s.set("body", text)
	default:
		s.set("body_not", text)
	}
}

// azureNotes are the reasons for what is not read.
func azureNotes() map[string]Note {
	where := Note{NotCarried, "Tocsin asks from where its exporters run: start one in each place, and name them in the catalogue's locations"}
	own := Note{Nothing, "Azure's own"}
	notes := map[string]Note{
		"geo_locations": where, "Locations": where, "locations": where,
		"parse_dependent_requests_enabled": {NotCarried, "what a page loads is not fetched: write a browser journey where that matters"},
		"ParseDependentRequests":           {NotCarried, "what a page loads is not fetched: write a browser journey where that matters"},
		"parseDependentRequests":           {NotCarried, "what a page loads is not fetched: write a browser journey where that matters"},
		"ThinkTime":                        {Nothing, "a probe does not wait for a reader"},
		"description":                      {NotCarried, "messages say what failed; give the service a runbook for what to do"},
		"Description":                      {NotCarried, "messages say what failed; give the service a runbook for what to do"},
		"sms_receiver":                     {NotCarried, "phone numbers stand in the contacts of people, and who is phoned in a rota"},
		"voice_receiver":                   {NotCarried, "phone numbers stand in the contacts of people, and who is phoned in a rota"},
		"smsReceivers":                     {NotCarried, "phone numbers stand in the contacts of people, and who is phoned in a rota"},
		"voiceReceivers":                   {NotCarried, "phone numbers stand in the contacts of people, and who is phoned in a rota"},
		"tags":                             {Nothing, "labels of Azure's own"},
		"condition":                        {Nothing, "whether Azure's templates make it at all"},
		"ExpectedResponseUrl":              {NotCarried, "where redirects end is not compared"},
	}
	for _, key := range strings.Fields("webhook_receiver webhookReceivers logic_app_receiver logicAppReceivers azure_function_receiver azureFunctionReceivers arm_role_receiver armRoleReceivers azure_app_push_receiver azureAppPushReceivers itsm_receiver itsmReceivers event_hub_receiver eventHubReceivers automation_runbook_receiver automationRunbookReceivers") {
		notes[key] = Note{NotCarried, "a team reads mail, Slack, Teams, PagerDuty or Splunk On-Call: give it its channel"}
	}
	for _, key := range strings.Fields("$schema contentVersion apiVersion parameters variables outputs id name Name type kind Kind location resource_group_name resourceGroup application_insights_id SyntheticMonitorId synthetic_monitor_id syntheticMonitorId dependsOn provisioningState etag systemData timeouts short_name groupShortName enabled webTestKind webTestName webTestName1 ReportingName RecordResult ResponseTimeGoal Encoding Version Guid Id Enabled CssProjectStructure CssIteration Timeout WorkItemIds Proxy CredentialUserName CredentialPassword StopOnError ExectuionOrder RecordedResultFile ResultsLocale PreAuthenticate Cache Classname DisplayName Description Level ExecutionOrder ignore_case pass_if_text_found resources copy mode template languageVersion definitions expressionEvaluationOptions scale scope subscriptionId nextLink count metadata functions IgnoreHttpStatusCode") {
		if _, said := notes[key]; !said {
			notes[key] = own
		}
	}
	return notes
}
