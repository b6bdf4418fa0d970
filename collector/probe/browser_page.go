package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// pollEvery is how often a page is looked at while a text is awaited.
const pollEvery = 50 * time.Millisecond

// page is what a visitor sees.
type page struct {
	secrets *secrets
	status  int // of the page opened last, where it has one
}

// timed takes a step within its time and says how long it took.
func (p *page) timed(ctx context.Context, step *catalog.BrowserStep) (time.Duration, error) {
	within, whole := step.Within.Std(), ctx
	if within > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, within)
		defer cancel()
	}
	started := time.Now()
	err := p.take(ctx, step)
	took := time.Since(started)
	if err == nil {
		err = ctx.Err() // a page that hangs may end a step without an error
	}
	if within > 0 && errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil && whole.Err() == nil {
		err = misfitf(ReasonTimeout, "not done within %s", step.Within)
	}
	return took, err
}

// take takes a step. The error is nil, a *misfit, or the library's.
func (p *page) take(ctx context.Context, step *catalog.BrowserStep) error {
	switch {
	case step.Open != "":
		return p.open(ctx, step.Open)
	case step.Click != "":
		return chromedp.Do(ctx, chromedp.Click(chromedp.CSS(step.Click), chromedp.NodeVisible))
	case step.Type != "":
		return p.typeIn(ctx, step)
	case step.Wait != "":
		return p.wait(ctx, step.Wait)
	}
	return chromedp.Do(ctx, chromedp.WaitVisible(chromedp.CSS(step.See)))
}

// open goes to an address, which may be a path on the server of the page
// before, and wants a page of it.
func (p *page) open(ctx context.Context, address string) error {
	target, err := url.Parse(address)
	if err != nil {
		return ourFault{bare(err)}
	}
	if target.Host == "" {
		here, err := chromedp.Run(ctx, chromedp.Location())
		if err != nil {
			return err
		}
		base, err := url.Parse(here)
		if err != nil {
			return misfitf(ReasonProtocol, "the page's address is none")
		}
		target = base.ResolveReference(target)
	}
	p.status = 0
	response, err := chromedp.Run(ctx, chromedp.NavigateResponse(target.String()))
	if response != nil {
		p.status = int(response.Status)
	}
	if p.status >= 400 {
		return misfitf(ReasonStatus, "status %d, want a page", p.status)
	}
	return err
}

// typeIn types a text into a field that is empty then but for it.
func (p *page) typeIn(ctx context.Context, step *catalog.BrowserStep) error {
	text, err := p.secrets.read(step.Text)
	if err != nil {
		return ourFault{err}
	}
	field := chromedp.CSS(step.Type)
	return chromedp.Do(ctx, chromedp.WaitVisible(field), chromedp.Clear(field), chromedp.SendKeys(field, text))
}

// wait waits until the page shows a text, across pages that come and go.
func (p *page) wait(ctx context.Context, text string) error {
	quoted, err := json.Marshal(text)
	if err != nil {
		return ourFault{err}
	}
	shows := "document.body !== null && document.body.innerText.includes(" + string(quoted) + ")"
	for {
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](shows, chromedp.WithPollingInterval(pollEvery), chromedp.WithPollingTimeout(0)))
		if err == nil || ctx.Err() != nil || !leftPage(err) {
			return err
		}
	}
}

// leftPage says that a question was overtaken by a new page.
func leftPage(err error) bool {
	text := err.Error()
	return strings.Contains(text, "context was destroyed") || strings.Contains(text, "Cannot find context") || strings.Contains(text, "navigated")
}

// browserFault is the reason and the text of a step's error.
func browserFault(ctx context.Context, err error) (Reason, string) {
	var expectation *misfit
	var refused ourFault
	var load *chromedp.LoadError
	switch {
	case errors.As(err, &refused):
		return ReasonInternal, refused.text()
	case errors.As(err, &expectation):
		return expectation.reason, expectation.text
	case errors.As(err, &load):
		return loadReason(load.ErrorText), "the page did not load: " + load.ErrorText
	case errors.Is(err, context.DeadlineExceeded):
		return ReasonTimeout, "not done in time"
	case ctx.Err() != nil, errors.Is(err, context.Canceled):
		return ReasonInternal, "the browser ended before its time"
	}
	return ReasonProtocol, fmt.Sprint(err)
}

// loadReason sorts the browser's network errors, which
// https://chromium.googlesource.com/chromium/src/+/main/net/base/net_error_list.h
// lists.
func loadReason(text string) Reason {
	for _, sign := range []struct {
		part   string
		reason Reason
	}{
		{"ERR_HTTP_RESPONSE_CODE", ReasonStatus}, // an empty page with an error's status
		{"ERR_NAME", ReasonDNS},
		{"ERR_DNS", ReasonDNS},
		{"ERR_CERT", ReasonTLS},
		{"ERR_SSL", ReasonTLS},
		{"ERR_BAD_SSL", ReasonTLS},
		{"TIMED_OUT", ReasonTimeout},
		{"ERR_CONNECTION_REFUSED", ReasonConnect},
		{"ERR_CONNECTION_FAILED", ReasonConnect},
		{"ERR_ADDRESS", ReasonConnect},
		{"ERR_NETWORK", ReasonConnect},
		{"ERR_INTERNET", ReasonConnect},
	} {
		if strings.Contains(text, sign.part) {
			return sign.reason
		}
	}
	return ReasonProtocol
}
