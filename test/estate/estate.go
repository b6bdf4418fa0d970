package estate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tocsin-monitoring/tocsin/internal/demo"
	"github.com/tocsin-monitoring/tocsin/internal/inbox"
	"github.com/tocsin-monitoring/tocsin/test/port"
)

// Options says what differs from the committed estate.
type Options struct {
	Root    string              // the repository
	Dir     string              // an empty folder for everything that is written
	Engines string              // folder of prometheus and alertmanager
	Bin     string              // folder of tocsin_exporter and tocsin_receiver
	Edit    func(*Files)        // changes the copies before anything starts; nil changes nothing
	Log     func(string, error) // hears of parts that end by themselves; nil does not
	// Exporters replace the committed one; Edit then names their locations and
	// addresses in the copies. None means the committed one.
	Exporters []Located
	// Front stands before each of the demo's servers: it is given the real address
	// and returns the one that the copies name. Nil means the real one.
	Front func(address string) (string, error)
}

// Located is an exporter of one location.
type Located struct {
	Location string
	Address  string   // where it listens
	Enter    []string // the command that starts it where it should run; nil for here
}

// ExporterAt is the part's name of a located exporter.
func ExporterAt(location string) string { return Exporter + "-" + location }

// Files are the texts that Edit may change; addresses are changed afterwards.
type Files struct {
	Catalogue, Prometheus, Alertmanager string
}

// Estate is running. Close ends it.
type Estate struct {
	Shop  *demo.Estate
	Inbox *inbox.Inbox

	options   Options
	addresses map[string]string // by the committed address
	processes map[string]*process
	inside    *errgroup.Group
	cancel    context.CancelFunc
	client    *http.Client
}

// The names of the parts that are processes, in the order of their start.
const (
	Receiver     = "receiver"
	Alertmanager = "alertmanager"
	Exporter     = "exporter"
	Prometheus   = "prometheus"
)

// Parts are the names of the estate's processes, in the order of their start.
func (e *Estate) Parts() []string {
	exporters := []string{Exporter}
	if len(e.options.Exporters) > 0 {
		exporters = nil
	}
	for _, one := range e.options.Exporters {
		exporters = append(exporters, ExporterAt(one.Location))
	}
	return slices.Concat([]string{Receiver, Alertmanager}, exporters, []string{Prometheus})
}

// located is the exporter of that name; nil where the part is another.
func (e *Estate) located(part string) *Located {
	for i := range e.options.Exporters {
		if ExporterAt(e.options.Exporters[i].Location) == part {
			return &e.options.Exporters[i]
		}
	}
	return nil
}

// committed are the addresses of the committed files.
func committed() map[string]string {
	return map[string]string{
		Receiver: "127.0.0.1:10211", Alertmanager: "127.0.0.1:9093",
		Exporter: "127.0.0.1:10210", Prometheus: "127.0.0.1:9090",
	}
}

// Start returns when every part is ready. ctx ends the estate too.
func Start(ctx context.Context, o Options) (*Estate, error) {
	ctx, cancel := context.WithCancel(ctx)
	inside, ctx := errgroup.WithContext(ctx)
	e := &Estate{
		options: o, addresses: make(map[string]string), processes: make(map[string]*process),
		inside: inside, cancel: cancel, client: &http.Client{Timeout: 10 * time.Second},
	}
	if err := e.start(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func (e *Estate) start(ctx context.Context) error {
	if err := e.startInside(ctx); err != nil {
		return err
	}
	if err := e.assignPorts(); err != nil {
		return err
	}
	if err := e.copyFiles(); err != nil {
		return err
	}
	for _, name := range e.Parts() {
		if err := e.StartPart(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// startInside runs the shop and the inbox in this process.
func (e *Estate) startInside(ctx context.Context) error {
	state := filepath.Join(e.options.Dir, ".tocsin")
	if err := demo.Prepare(state); err != nil {
		return err
	}
	const free = "127.0.0.1:0"
	var err error
	if e.Shop, err = demo.New(demo.Options{Shop: free, Payments: free, Door: free, StateDir: state}); err != nil {
		return err
	}
	if e.Inbox, err = inbox.New(inbox.Options{SMTP: free, Web: free}); err != nil {
		return errors.Join(err, e.Shop.Close())
	}
	e.inside.Go(func() error { return e.Shop.Run(ctx) })
	e.inside.Go(func() error { return e.Inbox.Run(ctx) })
	e.addresses["127.0.0.1:1025"] = e.Inbox.SMTPAddr()
	e.addresses["127.0.0.1:8025"] = strings.TrimPrefix(e.Inbox.URL(), "http://")
	return e.nameServers()
}

// nameServers says at which address the copies name each of the demo's servers.
func (e *Estate) nameServers() error {
	for committed, real := range map[string]string{
		"127.0.0.1:10280": strings.TrimPrefix(e.Shop.ShopURL(), "http://"),
		"127.0.0.1:10281": strings.TrimPrefix(e.Shop.PaymentsURL(), "http://"),
		"127.0.0.1:10282": e.Shop.DoorAddr(),
	} {
		if e.options.Front != nil {
			var err error
			if real, err = e.options.Front(real); err != nil {
				return err
			}
		}
		e.addresses[committed] = real
	}
	return nil
}

// assignPorts holds all ports until the last is known, so that none is given
// out twice.
func (e *Estate) assignPorts() error {
	for _, address := range committed() {
		free, err := port.Free()
		if err != nil {
			return fmt.Errorf("looking for a port: %w", err)
		}
		listener, err := net.Listen("tcp", free)
		if err != nil {
			return fmt.Errorf("holding a port: %w", err)
		}
		defer listener.Close()
		e.addresses[address] = free
	}
	return nil
}

// Dir is the folder of the copies, which holds tocsin.yml.
func (e *Estate) Dir() string { return e.options.Dir }

// Address is the host and port of a part.
func (e *Estate) Address(part string) string {
	if one := e.located(part); one != nil {
		return one.Address
	}
	return e.addresses[committed()[part]]
}

// URL is the base URL of a part, without a slash at its end.
func (e *Estate) URL(part string) string { return "http://" + e.Address(part) }

// Turn turns a switch of the demo, such as "login/on".
func (e *Estate) Turn(ctx context.Context, what string) error {
	return e.post(ctx, e.Shop.ShopURL()+"/admin/"+what)
}

// Close ends every part and returns when all have ended.
func (e *Estate) Close() error {
	for _, p := range e.processes {
		p.end(os.Interrupt)
	}
	e.cancel()
	return e.inside.Wait()
}
