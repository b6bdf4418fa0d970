package probe

import (
	"context"
	"math"
	"strconv"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// redisServer is what stays the same from attempt to attempt.
type redisServer struct {
	*dialogue
	spec *catalog.RedisProbe
}

// newRedis builds the kind redis: a login, and one command that only reads.
func newRedis(s site) (Func, error) {
	spec := s.probe.Redis
	r := &redisServer{dialogue: newDialogue(s, "redis", spec.Address, spec.TLS), spec: spec}
	return func(ctx context.Context) Result { return r.run(ctx, r.talk) }, nil
}

func (r *redisServer) talk(_ context.Context, l *line) error {
	password, err := r.password(r.spec.Password)
	if err != nil {
		return err
	}
	switch {
	case r.spec.User != "":
		_, err = r.command(l, "logging in", "AUTH", r.spec.User, password)
	case password != "":
		_, err = r.command(l, "logging in", "AUTH", password)
	}
	if err == nil && r.spec.Database > 0 {
		_, err = r.command(l, "choosing the database", "SELECT", strconv.Itoa(r.spec.Database))
	}
	if err != nil {
		return err
	}
	found, err := r.command(l, r.spec.Command, strings.Fields(r.spec.Command)...)
	if err != nil {
		return err
	}
	if err := l.judge(r.spec.Command, found, r.spec.Value); err != nil || r.spec.Replication == nil {
		return err
	}
	text, err := r.command(l, "INFO replication", "INFO", "replication")
	if err != nil {
		return err
	}
	return l.judgeReplication(redisReplicas(text), r.spec.Replication)
}

// command gives a command and reads its answer.
func (r *redisServer) command(l *line, what string, words ...string) (string, error) {
	if _, err := l.conn.Write(respCommand(words)); err != nil {
		return "", err
	}
	answer, err := l.readRESP(0)
	if err != nil {
		return "", err
	}
	if answer.refused {
		return "", r.said(what, answer.text)
	}
	return answer.text, nil
}

// redisReplicas reads the section replication of INFO. A primary hears of each
// replica once a second, a replica of its primary at least every ten.
func redisReplicas(info string) replicas {
	fields := make(map[string]string)
	found := replicas{role: catalog.RolePrimary, lag: math.NaN()}
	for text := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(text), ":")
		fields[name] = value
		if strings.HasPrefix(name, "slave") && strings.Contains(value, "state=online") {
			found.count++
			if _, lag, ok := strings.Cut(value, ",lag="); ok {
				found.lag = furthest(found.lag, seconds(lag))
			}
		}
	}
	if fields["role"] != "slave" {
		return found
	}
	found.role = catalog.RoleReplica
	if fields["master_link_status"] == "up" {
		found.lag = seconds(fields["master_last_io_seconds_ago"])
		return found
	}
	found.broken = "its connection to the primary is down"
	if down := seconds(fields["master_link_down_since_seconds"]); down >= 0 {
		found.lag = down
	}
	return found
}

// seconds is a number in a text, NaN where it is none.
func seconds(text string) float64 {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsInf(n, 0) {
		return math.NaN()
	}
	return n
}

// furthest is the larger of two lags, of which either may be NaN.
func furthest(a, b float64) float64 {
	if math.IsNaN(a) || b > a {
		return b
	}
	return a
}

func redisHost(p *catalog.Probe) string { return p.Redis.Address }
