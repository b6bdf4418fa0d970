package schema

import (
	"reflect"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// notation is the schema of a type that reads itself, or nil.
func notation(of reflect.Type) *jsonschema.Schema {
	switch of {
	case reflect.TypeFor[catalog.Duration]():
		return duration()
	case reflect.TypeFor[catalog.Ratio]():
		return &jsonschema.Schema{Description: "A share between 0 and 1, such as 80% or 0.8.", AnyOf: []*jsonschema.Schema{
			{Type: "string", Pattern: `^0*(100(\.0*)?|[0-9]{1,2}(\.[0-9]*)?|\.[0-9]+)%$`},
			{Type: "number", ExclusiveMinimum: "0", Maximum: "1"},
		}}
	case reflect.TypeFor[catalog.Bytes]():
		return &jsonschema.Schema{Description: "An amount of memory, such as 512MiB or 1GB.", AnyOf: []*jsonschema.Schema{
			{Type: "string", Pattern: `^[0-9]*\.?[0-9]+ ?(B|[kKMGT]B|[KMGT]iB)?$`},
			{Type: "integer", Minimum: "1"},
		}}
	case reflect.TypeFor[catalog.Days]():
		return &jsonschema.Schema{Description: "Days of the calendar, such as daily, monday-friday, first sunday, last day, 15 or 2026-12-05, separated by commas.", AnyOf: []*jsonschema.Schema{
			{Type: "string"}, {Type: "integer", Minimum: "1", Maximum: "31"},
		}}
	case reflect.TypeFor[catalog.Clock]():
		return &jsonschema.Schema{Type: "string", Description: "A time of the day, such as 02:30.", Pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
	case reflect.TypeFor[catalog.Regexp]():
		return &jsonschema.Schema{Type: "string", Description: "A regular expression of RE2."}
	case reflect.TypeFor[catalog.StatusSet]():
		return statusSet()
	case reflect.TypeFor[catalog.Comparison]():
		return &jsonschema.Schema{Type: "string", Description: `What a value must fulfil, such as "< 100", "== 1" or "== ready".`, Pattern: `^ *([<>] *[^<>=! ]|(<=|>=|==|!=) *[^<>=! ])`}
	case reflect.TypeFor[catalog.Secret]():
		return secret()
	case reflect.TypeFor[catalog.Text]():
		return &jsonschema.Schema{Description: "A text, or the file that holds it.", AnyOf: append(single(), secret())}
	case reflect.TypeFor[catalog.Holidays]():
		return holidays()
	case reflect.TypeFor[catalog.Later]():
		return &jsonschema.Schema{Type: "string", Description: "A later way, such as voice after 3m.", Pattern: `^(push|sms|voice|email) after \S+$`}
	case reflect.TypeFor[catalog.Escalation]():
		one := uint64(1)
		return &jsonschema.Schema{Type: "array", Description: "The steps taken until somebody acknowledges; the last repeats.", MinItems: &one, Items: &jsonschema.Schema{Ref: "#/$defs/Step"}}
	case reflect.TypeFor[catalog.Template]():
		return &jsonschema.Schema{Type: "object", Description: "What every service of the source has: the keys of a service, with {{variables}} in its texts."}
	case reflect.TypeFor[catalog.EmailChannel]():
		return mail()
	case reflect.TypeFor[catalog.Hex]():
		return &jsonschema.Schema{Description: "Bytes in hexadecimal.", AnyOf: []*jsonschema.Schema{
			{Type: "string", Pattern: `^\s*([0-9A-Fa-f]\s*[0-9A-Fa-f]\s*)+$`}, {Type: "number"},
		}}
	case reflect.TypeFor[catalog.TLSVersion]():
		return &jsonschema.Schema{Enum: []any{"1.0", "1.1", "1.2", "1.3", 1.0, 1.1, 1.2, 1.3}}
	}
	return chosen(of)
}

// chosen is the schema of a type that is one of a few words, or nil.
func chosen(of reflect.Type) *jsonschema.Schema {
	switch of {
	case reflect.TypeFor[catalog.Means]():
		return enumeration(catalog.MeansDown, catalog.MeansDegraded, catalog.MeansInfo)
	case reflect.TypeFor[catalog.StartTLS]():
		return enumeration(catalog.StartTLSProtocols()...)
	case reflect.TypeFor[catalog.Family]():
		return enumeration(catalog.IPv4, catalog.IPv6)
	case reflect.TypeFor[catalog.Page]():
		return enumeration(catalog.PageAlways, catalog.PageOfficeHours, catalog.PageNever)
	case reflect.TypeFor[catalog.PageOn]():
		return enumeration(catalog.PageOnCritical, catalog.PageOnWarning)
	case reflect.TypeFor[catalog.Gaps]():
		return enumeration(catalog.GapsAllowed)
	case reflect.TypeFor[catalog.NoData]():
		return enumeration(catalog.NoDataFails, catalog.NoDataSucceeds)
	case reflect.TypeFor[catalog.ExecStatus]():
		return enumeration(catalog.ExecWarning, catalog.ExecCritical)
	case reflect.TypeFor[catalog.Severity]():
		return enumeration(catalog.SeverityCritical, catalog.SeverityWarning, catalog.SeverityInfo)
	case reflect.TypeFor[catalog.Audience]():
		return enumeration(catalog.AudienceUsers, catalog.AudienceDevelopers, catalog.AudiencePlatform)
	case reflect.TypeFor[catalog.AlertSetting]():
		return enumeration(catalog.AlertOff, catalog.AlertInfo, catalog.AlertWarning, catalog.AlertCritical)
	}
	return nil
}

func enumeration[T ~string](list ...T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, word := range list {
		s.Enum = append(s.Enum, string(word))
	}
	return s
}

func duration() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "string", Description: "A length of time, such as 15s, 3m, 1h30m, 21d or 1w.",
		Pattern: `^([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$`,
	}
}

func statusSet() *jsonschema.Schema {
	one := uint64(1)
	part := func() []*jsonschema.Schema {
		return []*jsonschema.Schema{{Type: "string"}, {Type: "integer", Minimum: "100", Maximum: "599"}}
	}
	list := &jsonschema.Schema{Type: "array", MinItems: &one, Items: &jsonschema.Schema{AnyOf: part()}}
	return &jsonschema.Schema{
		Description: "HTTP status codes: 2xx, 200, 200-204, a list of these, or with a leading ! for what is excluded.",
		AnyOf:       append(part(), list),
	}
}

func secret() *jsonschema.Schema {
	s := &jsonschema.Schema{
		Type: "object", Description: "The place of a file, whose content nobody prints: {file: PATH}.",
		Properties: jsonschema.NewProperties(), Required: []string{"file"}, AdditionalProperties: jsonschema.FalseSchema,
	}
	s.Properties.Set("file", &jsonschema.Schema{Type: "string"})
	return s
}

func holidays() *jsonschema.Schema {
	file := secret()
	file.Description = "An iCal file: {file: PATH}."
	list := []*jsonschema.Schema{enumeration(catalog.Calendars()...), file}
	for key, description := range map[string]string{
		"url":      "An iCal calendar that is fetched: {url: ADDRESS}.",
		"url_file": "An iCal calendar that is fetched from the address in a file: {url_file: PATH}.",
	} {
		one := &jsonschema.Schema{Type: "object", Description: description, Properties: jsonschema.NewProperties(), Required: []string{key}, AdditionalProperties: jsonschema.FalseSchema}
		one.Properties.Set(key, &jsonschema.Schema{Type: "string"})
		one.Properties.Set("every", duration())
		list = append(list, one)
	}
	slices.SortFunc(list[2:], func(a, b *jsonschema.Schema) int { return strings.Compare(a.Description, b.Description) })
	return &jsonschema.Schema{Description: "The name of a shipped calendar, or an iCal calendar.", AnyOf: list}
}

func mail() *jsonschema.Schema {
	one := uint64(1)
	s := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), Required: []string{"to"}, AdditionalProperties: jsonschema.FalseSchema}
	s.Properties.Set("to", &jsonschema.Schema{Type: "array", MinItems: &one, Items: &jsonschema.Schema{Type: "string"}})
	return &jsonschema.Schema{Description: "Shared mailboxes: {to: [ADDRESS, ADDRESS]}, or one address.", AnyOf: []*jsonschema.Schema{{Type: "string"}, s}}
}

// single are the values that are a text when they stand for one.
func single() []*jsonschema.Schema {
	return []*jsonschema.Schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}}
}
