package migrate

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// schedule is what a probe does when the catalogue says nothing about it.
type schedule struct {
	interval, timeout time.Duration
	confirm           int
}

// usual is the schedule that most checks have, to be written once. What no
// check says is the catalogue's own.
func usual(services []*service) schedule {
	count := make(map[schedule]int)
	own := schedule{15 * time.Second, 5 * time.Second, 2}
	best := own
	for _, one := range services {
		for _, p := range one.probes {
			candidate := schedule{p.Interval, cmp.Or(p.Timeout, own.timeout), cmp.Or(p.Confirm, own.confirm)}
			if p.Interval == 0 || !p.usual() || candidate.timeout*time.Duration(candidate.confirm) > candidate.interval {
				continue
			}
			count[candidate]++
			if count[candidate] > count[best] || count[candidate] == count[best] && candidate.interval < best.interval {
				best = candidate
			}
		}
	}
	return best
}

// fitSchedules makes every schedule possible: a run with its repetitions ends
// before the next begins. It returns the usual schedule.
func fitSchedules(services []*service, r *Report) schedule {
	for _, one := range services {
		for _, p := range one.probes {
			p.fit(one.said, r)
		}
	}
	most := usual(services)
	for _, one := range services {
		for _, p := range one.probes {
			if said := p.Interval + p.Timeout + time.Duration(p.Confirm); said == 0 || p.Interval > 0 && p.Timeout > 0 && p.Confirm > 0 {
				continue
			}
			p.Interval = cmp.Or(p.Interval, max(most.interval, p.Timeout*time.Duration(cmp.Or(p.Confirm, most.confirm))))
			p.Timeout, p.Confirm = cmp.Or(p.Timeout, min(most.timeout, p.Interval)), cmp.Or(p.Confirm, most.confirm)
			p.fit(one.said, r)
		}
	}
	return most
}

// listed says that the kind's value is a list of steps, which stands in the
// settings under its name.
func (p *probe) listed() bool {
	_, is := p.Settings.values[p.Kind].([]*Settings)
	return is
}

// usual says that the kind is one whose schedule comes from the defaults.
func (p *probe) usual() bool {
	return slices.Contains([]string{"http", "tcp", "tls", "dns"}, p.Kind)
}

// fit makes the schedule of one probe of a service possible.
func (p *probe) fit(service string, r *Report) {
	const shortest, mostAttempts = time.Second, 10
	subject := strings.TrimSpace(service + " " + p.name)
	if p.Interval > 0 && p.Interval < shortest {
		r.add(Changed, p.At, subject, "interval", "asked every %s, and every %s from now on", span(p.Interval), span(shortest))
		p.Interval = shortest
	}
	if p.Confirm > mostAttempts {
		r.add(Changed, p.At, subject, "retries", "%d attempts in a row until it counts, and %d from now on", p.Confirm, mostAttempts)
		p.Confirm = mostAttempts
	}
	if p.Interval == 0 {
		return
	}
	confirm, timeout := p.Confirm, p.Timeout
	if confirm == 0 {
		confirm = 2
	}
	if timeout == 0 {
		timeout = 5 * time.Second
	}
	if most := p.Interval / time.Duration(confirm); timeout > most {
		if p.Timeout > 0 {
			r.add(Changed, p.At, subject, "timeout", "%s × %d attempts are longer than the interval of %s; the timeout is %s from now on", span(timeout), confirm, span(p.Interval), span(most.Truncate(time.Millisecond)))
		}
		p.Timeout, p.Confirm = most.Truncate(time.Millisecond), confirm
	}
	if p.Slow > 0 && p.Slow >= timeout {
		r.add(Changed, p.At, subject, "slow", "an answer that takes %s has failed already at its timeout of %s", span(p.Slow), span(timeout))
		p.Slow = 0
	}
}

// fitKinds takes out every kind and every key that the catalogue does not
// know, by looking at its types.
func fitKinds(services []*service, r *Report) []*service {
	f := fitter{report: r}
	kinds := fieldsOf(reflect.TypeFor[catalog.Probe]())
	kept := services[:0]
	for _, one := range services {
		probes := one.probes[:0]
		for _, p := range one.probes {
			field, known := kinds[p.Kind]
			if !known {
				r.add(LeftOut, p.At, strings.TrimSpace(one.said+" "+p.name), "", "the catalogue has no probe of the kind %s", p.Kind)
				continue
			}
			f.at, f.subject = p.At, one.name+"."+p.name
			if p.listed() { // whose value is the list itself
				f.value(p.Settings, p.Kind, field, p.Kind)
			} else {
				if field.Kind() == reflect.Pointer {
					nest(p.Settings, field.Elem())
				}
				f.prune(p.Settings, field, p.Kind)
			}
			probes = append(probes, p)
		}
		one.probes = probes
		if len(one.probes) > 0 || !one.resources.empty() {
			kept = append(kept, one)
		}
	}
	return kept
}

// fitter walks settings and the catalogue's types together.
type fitter struct {
	report  *Report
	at      tree.Position
	subject string
}

func (f *fitter) prune(s *Settings, of reflect.Type, path string) {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() == reflect.Map {
		for _, key := range s.keys {
			f.value(s, key, of.Elem(), path+"."+key)
		}
		return
	}
	if of.Kind() != reflect.Struct {
		return
	}
	fields := fieldsOf(of)
	for _, key := range append([]string(nil), s.keys...) {
		_, secret := s.values[key].(*Secret)
		if _, inFile := fields[key+"_file"]; inFile && secret {
			s.rename(key, key+"_file")
			continue
		}
		field, known := fields[key]
		if !known {
			f.report.add(NotCarried, f.at, f.subject, path+"."+key, "the catalogue has no such key")
			s.remove(key)
			continue
		}
		f.value(s, key, field, path+"."+key)
	}
}

// value goes on into one value, and takes out a secret where the catalogue
// would want it in place.
func (f *fitter) value(s *Settings, key string, of reflect.Type, path string) {
	switch value := s.values[key].(type) {
	case *Settings:
		f.prune(value, of, path)
	case []*Settings:
		for _, item := range value {
			f.prune(item, of, path)
		}
	case *Secret:
		switch of {
		case reflect.TypeFor[*catalog.Secret](), reflect.TypeFor[catalog.Text](), reflect.TypeFor[*catalog.Text]():
		default:
			if !strings.HasSuffix(key, "_file") {
				f.report.add(NotCarried, f.at, f.subject, path, "it may be a secret, and the catalogue wants this key in place")
				s.remove(key)
			}
		}
	}
}

// nest moves what a connection over TLS is told into the key tls, where the
// kind has it there.
func nest(s *Settings, kind reflect.Type) {
	field, has := fieldsOf(kind)["tls"]
	if !has || field != reflect.TypeFor[*catalog.Encryption]() {
		return
	}
	inner := settings()
	for _, key := range []string{"ca_file", "server_name", "cert_file", "key_file", "tls_min_version"} {
		if _, own := fieldsOf(kind)[key]; own || s.values[key] == nil {
			continue
		}
		inner.set(strings.TrimPrefix(key, "tls_"), s.values[key])
		s.remove(key)
	}
	wanted, _ := s.values["tls"].(bool)
	s.remove("tls")
	if wanted || !inner.empty() {
		s.keys = append(s.keys, "tls")
		s.values["tls"] = inner
	}
}

// knows says whether a kind of probe has a key.
func knows(kind, key string) bool {
	field, known := fieldsOf(reflect.TypeFor[catalog.Probe]())[kind]
	if !known || field.Kind() != reflect.Pointer {
		return false
	}
	return hasKey(field.Elem(), key)
}

// hasKey says whether a struct of the catalogue has a key.
func hasKey(of reflect.Type, key string) bool {
	_, has := fieldsOf(of)[key]
	return has
}

// fieldsOf are the types of a struct's keys.
func fieldsOf(of reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type)
	for i := range of.NumField() {
		if of.Field(i).Anonymous && of.Field(i).Type.Kind() == reflect.Struct {
			maps.Copy(fields, fieldsOf(of.Field(i).Type))
			continue
		}
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("yaml"), ",")
		if name != "" && name != "-" {
			fields[name] = of.Field(i).Type
		}
	}
	return fields
}
