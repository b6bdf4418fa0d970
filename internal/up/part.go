package up

import (
	"path/filepath"
)

// part is one program of the estate.
type part struct {
	name    string   // prefix of its lines
	what    string   // as people call it
	program string   // absolute path
	args    []string //
	listens []string // host:port each
	ready   string   // answers 2xx when the part does its work
	link    string   // what people open
}

// places are the folders that the parts need.
type places struct {
	root    string // the repository: parts run there and read its files
	state   string // under the root; may be deleted at any time
	engines string
	bin     string // Tocsin's own programs
	self    string // path of the running tocsin
}

func stateDir(root string) string { return filepath.Join(root, ".tocsin") }

// stages are the parts in the order of their start: what is watched comes
// first, or else its absence would be the first thing that is told; the
// exporter comes last, because it also asks Prometheus.
func stages(p places, level, engineLevel string) [][]part {
	return [][]part{
		{shopPart(p, level), inboxPart(p, level)},
		{receiverPart(p, level), alertmanagerPart(p, engineLevel)},
		{prometheusPart(p, engineLevel)},
		{exporterPart(p, level)},
	}
}

func shopPart(p places, level string) part {
	return part{
		name: "demo", what: "the shop", program: p.self,
		args:    []string{"demo", "--state=" + p.state, "--log.level=" + level},
		listens: []string{"127.0.0.1:10280", "127.0.0.1:10281", "127.0.0.1:10282"},
		ready:   "http://127.0.0.1:10280/-/ready", link: "http://127.0.0.1:10280/",
	}
}

func inboxPart(p places, level string) part {
	return part{
		name: "inbox", what: "the inbox", program: p.self,
		args:    []string{"inbox", "--log.level=" + level},
		listens: []string{"127.0.0.1:1025", "127.0.0.1:8025"},
		ready:   "http://127.0.0.1:8025/-/ready", link: "http://127.0.0.1:8025/",
	}
}

func receiverPart(p places, level string) part {
	return part{
		name: "receiver", what: "the incident board", program: filepath.Join(p.bin, "tocsin_receiver"),
		args: []string{
			"--config.file=" + filepath.Join(p.root, "tocsin.yml"), "--storage.path=" + filepath.Join(p.state, "receiver"),
			"--web.listen-address=127.0.0.1:10211", "--log.level=" + level,
		},
		listens: []string{"127.0.0.1:10211"},
		ready:   "http://127.0.0.1:10211/-/ready", link: "http://127.0.0.1:10211/",
	}
}

func exporterPart(p places, level string) part {
	return part{
		name: "exporter", what: "the exporter", program: filepath.Join(p.bin, "tocsin_exporter"),
		args: []string{
			"--config.file=" + filepath.Join(p.root, "tocsin.yml"), "--storage.path=" + filepath.Join(p.state, "exporter"),
			"--web.listen-address=127.0.0.1:10210", "--log.level=" + level,
		},
		listens: []string{"127.0.0.1:10210"},
		ready:   "http://127.0.0.1:10210/-/ready", link: "http://127.0.0.1:10210/",
	}
}

func prometheusPart(p places, level string) part {
	return part{
		name: "prometheus", what: "Prometheus", program: filepath.Join(p.engines, "prometheus"),
		args: []string{
			"--config.file=" + filepath.Join(p.root, "rules", "prometheus.yml"),
			"--storage.tsdb.path=" + filepath.Join(p.state, "prometheus"), "--storage.tsdb.retention.time=30d",
			"--web.listen-address=127.0.0.1:9090", "--web.enable-lifecycle", "--log.level=" + level,
		},
		listens: []string{"127.0.0.1:9090"},
		ready:   "http://127.0.0.1:9090/-/ready", link: "http://127.0.0.1:9090/",
	}
}

func alertmanagerPart(p places, level string) part {
	return part{
		name: "alertmanager", what: "Alertmanager", program: filepath.Join(p.engines, "alertmanager"),
		args: []string{
			"--config.file=" + filepath.Join(p.root, "alertmanager", "alertmanager.yml"),
			"--storage.path=" + filepath.Join(p.state, "alertmanager"),
			"--web.listen-address=127.0.0.1:9093", "--cluster.listen-address=", "--log.level=" + level,
		},
		listens: []string{"127.0.0.1:9093"},
		ready:   "http://127.0.0.1:9093/-/ready", link: "http://127.0.0.1:9093/",
	}
}

// containers are the parts as people reach them when each is a container.
func containers() [][]part {
	return append(stages(places{}, "", ""), []part{grafanaPart()})
}

// grafanaPart exists in containers only.
func grafanaPart() part {
	return part{
		name: "grafana", what: "Grafana", listens: []string{"127.0.0.1:3000"},
		ready: "http://127.0.0.1:3000/api/health", link: "http://127.0.0.1:3000/",
	}
}
