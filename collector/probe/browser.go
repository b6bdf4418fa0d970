package probe

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// maxScreenshot bounds the picture that is kept of a failure.
	maxScreenshot = 1 << 20
	// farewell is kept of an attempt's time for the picture of a failure and for
	// ending the browser.
	farewell = 3 * time.Second
)

// visitor is what stays the same from attempt to attempt.
type visitor struct {
	steps   catalog.Browser
	shared  *shared
	secrets *secrets
}

// newBrowser builds the kind browser: a browser of its own for each attempt,
// which is gone after it.
func newBrowser(s site) (Func, error) {
	v := &visitor{steps: s.probe.Browser, shared: s.shared, secrets: s.secrets}
	return v.run, nil
}

func (v *visitor) run(ctx context.Context) Result {
	var r Result
	leave, err := v.shared.enter(ctx)
	if err != nil {
		return r.fail(ReasonInternal, err.Error())
	}
	defer leave()
	program, err := browserProgram(v.shared.options.Browser)
	if err != nil {
		return r.fail(ReasonInternal, err.Error())
	}
	folder, err := os.MkdirTemp("", "tocsin-browser-")
	if err != nil {
		return r.fail(ReasonInternal, "making the browser's folder: "+err.Error())
	}
	defer func() { _ = os.RemoveAll(folder) }()
	tab, end := openBrowser(ctx, program, folder)
	defer end()
	if _, err := chromedp.Run(tab, chromedp.EmulateViewport(1280, 800)); err != nil {
		return r.fail(ReasonInternal, fmt.Sprintf("starting %s: %s", quote(program), startText(ctx, err)))
	}
	return v.visit(ctx, tab)
}

// visit takes the steps until one fails.
func (v *visitor) visit(ctx, tab context.Context) Result {
	limited := tab
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		limited, cancel = context.WithDeadline(tab, deadline.Add(-min(farewell, time.Until(deadline)/4)))
		defer cancel()
	}
	r := Result{Address: browserAddress(v.steps)}
	page := &page{secrets: v.secrets}
	for i := range v.steps {
		step := &v.steps[i]
		took, err := page.timed(limited, step)
		r.Steps = append(r.Steps, StepTime{Name: step.Name, Duration: took})
		r.Status = page.status
		if err != nil {
			return v.failed(ctx, tab, r, i, err)
		}
		if slow := step.Slow.Std(); slow > 0 && took > slow {
			r.Slow = true
		}
	}
	return r
}

// failed is the result of a visit that came to an end at a step, with a picture
// of what the visitor saw.
func (v *visitor) failed(ctx, tab context.Context, r Result, i int, err error) Result {
	step := &v.steps[i]
	reason, text := browserFault(ctx, err)
	r.Step = step.Name
	r.Detail = &Detail{Expected: step.Name, Found: text}
	look, cancel := context.WithTimeout(tab, farewell/2)
	defer cancel()
	if where, err := chromedp.Run(look, chromedp.Location()); err == nil {
		r.Detail.Found = fmt.Sprintf("%s, at %s", text, placeOf(where))
		r.Detail.Output, _ = chromedp.Run(look, chromedp.Evaluate[string]("document.body ? document.body.innerText : ''"))
	}
	if picture, err := chromedp.Run(look, chromedp.CaptureScreenshot()); err == nil && len(picture) <= maxScreenshot {
		r.Detail.Screenshot = picture
	}
	return r.fail(reason, fmt.Sprintf("step %d %s: %s", i+1, step.Name, text))
}

// placeOf is an address of a page without what may be secret in it.
func placeOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "no page"
	}
	return place(u)
}

// startText says why a browser did not start.
func startText(ctx context.Context, err error) string {
	if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		return "it did not answer in time"
	}
	return err.Error()
}

// browserAddress is host:port of the first page.
func browserAddress(steps catalog.Browser) string {
	if len(steps) == 0 {
		return ""
	}
	return hostOf(steps[0].Open)
}

func browserHost(p *catalog.Probe) string { return browserAddress(p.Browser) }
