package catalog

import "embed"

//go:embed board.go catalog.go comparison.go days.go delivery.go delivery_phone.go discovery.go hours.go inbound.go links.go location.go maintenance.go probe.go probe_*.go resource.go rota.go secret.go service.go status.go team.go template.go value.go
var sourceFiles embed.FS

// Sources are the Go files that declare the format, for those who make a
// description of it out of their comments. A program that does not call it
// does not carry them.
func Sources() embed.FS { return sourceFiles }
