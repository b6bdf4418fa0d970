// Package schema writes the catalogue's JSON Schema, with which editors
// complete and check tocsin.yml while it is written.
//
// It stands beside catalog and is used by the command "tocsin schema" only:
// the long-running programs do not carry it. It reflects over catalog.Spec,
// takes descriptions from the comments of the types, and hands on JSON of
// draft 2020-12.
//
// The schema is never stricter than the loader but for one thing: a mapping
// that is left empty is written {}. It cannot know names that dangle, cycles
// and sums; those are found by loading. No section is required, because a file
// of a folder holds only some of them.
package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/invopop/jsonschema"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// id is where the schema can be found.
const id = "https://raw.githubusercontent.com/tocsin-monitoring/tocsin/main/catalog/tocsin.schema.json"

// Generate is the schema of the types that this program was built with. The
// same types give the same bytes.
func Generate() ([]byte, error) {
	comments, err := readComments(catalog.Sources())
	if err != nil {
		return nil, err
	}
	reflector := jsonschema.Reflector{
		FieldNameTag:   "yaml",
		ExpandedStruct: true,
		Anonymous:      true,
		Mapper:         notation,
		LookupComment:  comments.of,
	}
	s := reflector.ReflectFromType(reflect.TypeFor[catalog.Spec]())
	step := reflector.ReflectFromType(reflect.TypeFor[catalog.Step]())
	step.Version = ""
	s.Definitions["Step"] = step // reached through a notation only
	s.ID, s.Title, s.Required = id, "Tocsin's catalogue (tocsin.yml)", nil
	refine(s, "Spec")
	for name, definition := range s.Definitions {
		refine(definition, name)
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the schema: %w", err)
	}
	return append(text, '\n'), nil
}

// refine adds what the types do not say: the form of names, the words that a
// text may be, and which keys exclude each other.
func refine(s *jsonschema.Schema, of string) {
	if s.Properties == nil {
		return
	}
	for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
		key, property := pair.Key, pair.Value
		if slices.Contains(filled(), of+"."+key) {
			one := uint64(1)
			property.MinItems = &one
		}
		if words, known := choices()[of+"."+key]; known {
			if property.Items != nil {
				property = property.Items
			}
			property.Enum = words
		}
		switch property.Type { // nothing at all is what leaving a key out means
		case "integer":
			property.Minimum = "1"
		case "number":
			property.ExclusiveMinimum = "0"
		}
		if pattern := nameOf(key); property.AdditionalProperties != nil && pattern != "" {
			property.PropertyNames = &jsonschema.Schema{Pattern: pattern}
		}
	}
	for _, key := range alternatives()[of] {
		s.OneOf = append(s.OneOf, &jsonschema.Schema{Required: []string{key}})
	}
}

// nameOf is the form of the keys that people choose under key, if it has one.
func nameOf(key string) string {
	switch key {
	case "answer_headers", "body_json", "dimensions", "environment", "form", "headers", "labels", "query", "severities":
		return ""
	case "extract", "variables":
		return "^[A-Za-z_][A-Za-z0-9_]{0,62}$"
	}
	return "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"
}

// alternatives are the keys of which a value has exactly one.
func alternatives() map[string][]string {
	return map[string][]string{
		"Probe":             catalog.ProbeKinds(),
		"JourneyStep":       {"get", "post", "use"},
		"PostgresProbe":     {"dsn", "address"},
		"Resource":          catalog.ResourceSources(),
		"ProcessResource":   {"pid_file", "command"},
		"Pipeline":          {"github"},
		"HeartbeatProbe":    {"every", "schedule"},
		"BrowserStep":       {"open", "click", "type", "wait", "see"},
		"Maintenance":       {"services", "teams", "all"},
		"Discovery":         {"file", "http", "kubernetes"},
		"OutboundHeartbeat": {"url", "url_file"},
		"Absences":          {"file", "url", "url_file"},
		"Inbound":           {"azure", "cloudwatch", "grafana", "json"},
	}
}

// filled are the lists that are never empty.
func filled() []string {
	return []string{
		"Step.by", "Rota.people", "Rota.layers", "Layer.people", "Probe.journey", "Probe.browser", "FileDiscovery.paths", "ExecProbe.command",
		"CloudWatchInbound.topics", "KafkaProbe.brokers",
	}
}

// choices are the texts that are one of a few words.
func choices() map[string][]any {
	return map[string][]any{
		"SMTP.tls":                    {catalog.TLSStart, catalog.TLSOn, catalog.TLSNone},
		"HTTPProbe.method":            words(catalog.Methods()),
		"OutboundHeartbeat.method":    words(catalog.OutboundMethods()),
		"MQTTProbe.version":           words(catalog.MQTTVersions()),
		"KafkaProbe.mechanism":        words(catalog.SASLMechanisms()),
		"SIPProbe.protocol":           words(catalog.SIPProtocols()),
		"MSSQLProbe.encryption":       words(catalog.Encryptions()),
		"Replication.role":            words(catalog.Roles()),
		"DNSProbe.type":               words(catalog.RecordTypes()),
		"DNSProbe.protocol":           words(catalog.DNSProtocols()),
		"DNSProbe.rcode":              words(catalog.Rcodes()),
		"Step.by":                     words(catalog.Ways()),
		"HealthProbe.format":          words(catalog.HealthFormats()),
		"HealthProbe.degraded":        {catalog.DegradedPasses, catalog.DegradedFails},
		"HTTPProbe.version":           words(catalog.HTTPVersions()),
		"HTTPProbe.tls_min_version":   words(catalog.TLSVersions()),
		"HTTPProbe.ip":                words(catalog.IPChoices()),
		"HealthProbe.version":         words(catalog.HTTPVersions()),
		"HealthProbe.tls_min_version": words(catalog.TLSVersions()),
		"HealthProbe.ip":              words(catalog.IPChoices()),

		"KubernetesDiscovery.objects": words(catalog.ObjectKinds()),
		"Hours.holidays":              words(catalog.Calendars()),
	}
}

func words(list []string) []any {
	values := make([]any, len(list))
	for i, word := range list {
		values[i] = word
	}
	return values
}
