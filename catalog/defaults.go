package catalog

import (
	"net"
	"net/netip"
	"time"
)

// The defaults of a catalogue that says nothing else.
const (
	defaultInterval = Duration(15 * time.Second)
	defaultTimeout  = Duration(5 * time.Second)
	defaultConfirm  = 2
	gentleInterval  = Duration(time.Minute) // of journeys and of other people's services
	defaultPoll     = Duration(time.Minute) // of pipelines
	defaultLocation = "default"
	defaultHours    = "office"
	defaultGitHub   = "https://api.github.com"
	defaultSlack    = "https://slack.com/api"
	defaultQuery    = "SELECT 1"
	defaultStatus   = "2xx"
	day             = Duration(24 * time.Hour)
)

// or is value, or the fallback when the value was not given.
func or[T comparable](value, fallback T) T {
	var none T
	if value == none {
		return fallback
	}
	return value
}

// complete fills in every default and copies names into the values they name.
func (c *Catalog) complete() {
	c.completeNames()
	c.completeDefaults()
	c.completeDelivery()
	c.completeInbound()
	c.Board.complete()
	c.completeSteps()
	for _, team := range c.Teams {
		c.completeTeam(team)
	}
	for _, rota := range c.Rotas {
		completeRota(rota)
	}
	for _, service := range c.Services {
		c.completeService(service)
	}
	for name, source := range c.Discovery {
		source.Name = name
		c.completeDiscovery(source)
	}
}

func (c *Catalog) completeNames() {
	if len(c.Locations) == 0 {
		c.Locations = map[string]*Location{defaultLocation: {}}
	}
	for name, location := range c.Locations {
		location.Name = name
	}
	for name, hours := range c.Hours {
		hours.Name = name
	}
	for id, person := range c.People {
		person.ID = id
	}
	for name, escalation := range c.Escalations {
		escalation.Name = name
	}
	for name, rota := range c.Rotas {
		rota.Name = name
	}
	for name, team := range c.Teams {
		team.Name = name
	}
	for name, service := range c.Services {
		service.Name = name
	}
	for name, window := range c.Maintenance {
		window.Name = name
	}
}

func (c *Catalog) completeDefaults() {
	d := &c.Defaults
	d.Probe = ProbeDefaults{
		Interval: or(d.Probe.Interval, defaultInterval),
		Timeout:  or(d.Probe.Timeout, defaultTimeout),
		Confirm:  or(d.Probe.Confirm, defaultConfirm),
	}
	d.Thresholds = d.Thresholds.or(Thresholds{
		Memory: 0.8, CPU: 0.8, Disk: 0.85, DiskLeft: day, Latency: Duration(time.Second),
		Certificate: 21 * day, Domain: 30 * day, PipelineSuccessAge: 7 * day,
		ReplicationLag: Duration(time.Minute), ClockOffset: Duration(time.Second), PacketLoss: 0.1,
		Flapping: Duration(10 * time.Minute),
	})
	d.Objective = d.Objective.or(Objective{Availability: 0.999, Latency: 0.99, Window: 30 * day})
	d.PageAfter = or(d.PageAfter, Duration(time.Minute))
	d.AcknowledgementTimeout = or(d.AcknowledgementTimeout, Duration(4*time.Hour))
	d.LongestMaintenance = or(d.LongestMaintenance, day)
	d.Location = or(d.Location, names(c.Locations)[0])
}

// or is t with what it does not say taken from others.
func (t Thresholds) or(others Thresholds) Thresholds {
	return Thresholds{
		Memory:             or(t.Memory, others.Memory),
		CPU:                or(t.CPU, others.CPU),
		Disk:               or(t.Disk, others.Disk),
		DiskLeft:           or(t.DiskLeft, others.DiskLeft),
		Latency:            or(t.Latency, others.Latency),
		Certificate:        or(t.Certificate, others.Certificate),
		Domain:             or(t.Domain, others.Domain),
		ReplicationLag:     or(t.ReplicationLag, others.ReplicationLag),
		ClockOffset:        or(t.ClockOffset, others.ClockOffset),
		PacketLoss:         or(t.PacketLoss, others.PacketLoss),
		Flapping:           or(t.Flapping, others.Flapping),
		PipelineSuccessAge: or(t.PipelineSuccessAge, others.PipelineSuccessAge),
	}
}

// or is o with what it does not say taken from others.
func (o Objective) or(others Objective) Objective {
	return Objective{
		Availability: or(o.Availability, others.Availability),
		Latency:      or(o.Latency, others.Latency),
		Window:       or(o.Window, others.Window),
	}
}

func (c *Catalog) completeDelivery() {
	c.Monitoring.FallbackTeam = or(c.Monitoring.FallbackTeam, c.Monitoring.Team)
	if beat := c.Monitoring.Heartbeat; beat != nil {
		beat.Every, beat.Method = or(beat.Every, Duration(time.Minute)), or(beat.Method, "POST")
	}
	if c.Accounts.GitHub == nil {
		c.Accounts.GitHub = new(GitHubAccount)
	}
	c.Accounts.GitHub.API = or(c.Accounts.GitHub.API, defaultGitHub)
	relay := c.Delivery.SMTP
	switch {
	case relay == nil:
	case onLoopback(relay.Host):
		relay.TLS = or(relay.TLS, TLSNone)
	default:
		relay.TLS = or(relay.TLS, TLSStart)
	}
}

// onLoopback says whether host:port is this machine.
func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (c *Catalog) completeTeam(team *Team) {
	if team.Channels.Slack.Bot() {
		team.Channels.Slack.API = or(team.Channels.Slack.API, defaultSlack)
	}
	team.Page = or(team.Page, PageAlways)
	team.PageOn = or(team.PageOn, PageOnCritical)
	if _, known := c.Hours[defaultHours]; known {
		team.Hours = or(team.Hours, defaultHours)
	}
}

func completeRota(rota *Rota) {
	if len(rota.Layers) == 0 {
		completeRotation(rota.Handover, &rota.Shift, &rota.Start)
	}
	for i := range rota.Layers {
		layer := &rota.Layers[i]
		layer.Timezone = or(layer.Timezone, rota.Timezone)
		completeRotation(layer.Handover, &layer.Shift, &layer.Start)
	}
}

func completeRotation(handover string, shift *Duration, start *string) {
	if turn, err := parseHandover(handover); err == nil {
		*shift = or(*shift, turn.cycle)
	}
	*start = or(*start, "2024-01-01") // a Monday
}

func (c *Catalog) completeService(s *Service) {
	s.Thresholds = s.Thresholds.or(c.Defaults.Thresholds)
	s.Objective = s.Objective.or(c.Defaults.Objective)
	s.PageAfter = or(s.PageAfter, c.Defaults.PageAfter)
	s.Page = or(s.Page, c.pageOf(s))
	s.PageOn = or(s.PageOn, c.pageOnOf(s))
	for name, probe := range s.Probes {
		probe.Name, probe.Service = name, s.Name
		c.completeProbe(probe, s)
	}
	for name, resource := range s.Resources {
		resource.Name = name
	}
	for name, pipeline := range s.Pipelines {
		pipeline.Name = name
		pipeline.Interval = or(pipeline.Interval, defaultPoll)
		if pipeline.GitHub != nil {
			pipeline.GitHub.Branch = or(pipeline.GitHub.Branch, "main")
		}
	}
}

// pageOf is what a service does that says nothing: as its team; somebody
// else's service wakes nobody.
func (c *Catalog) pageOf(s *Service) Page {
	team, known := c.Teams[s.Team]
	if s.External || !known {
		return PageNever
	}
	return team.Page
}

func (c *Catalog) pageOnOf(s *Service) PageOn {
	if team, known := c.Teams[s.Team]; known {
		return team.PageOn
	}
	return PageOnCritical
}
