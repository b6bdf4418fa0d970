package lint

// delivery checks that messages have a way out, also when a part of Tocsin is
// what is broken.
func delivery(in Input) []Finding {
	c := in.Catalog
	var findings []Finding
	warn := func(absent bool, text string) {
		if absent {
			findings = append(findings, Finding{Warning, text})
		}
	}
	warn(c.Delivery.Receiver == nil, "delivery.receiver is not given: Alertmanager tells channels only; nobody is paged, and there is no board")
	warn(c.Delivery.Receiver != nil && c.Delivery.Receiver.TokenFile == "" && !loopback(c.Delivery.Receiver.URL),
		"delivery.receiver.token_file is not given: whoever reaches the receiver can raise and end incidents")
	warn(len(c.Monitoring.BreakGlass) == 0, "monitoring.break_glass is not given: when the receiver is dead, nobody hears of it")
	warn(len(c.Links.Alertmanager) == 0, "links.alertmanager is not given: the receiver cannot ask which alerts still fire, and incidents may stay open")
	return orGood(findings, "messages have a way out, also when the receiver is dead")
}
