package probe

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/chromedp/chromedp"
)

// enter waits for a browser's turn. The caller calls leave when it is over.
func (s *shared) enter(ctx context.Context) (leave func(), err error) {
	select {
	case s.browsers <- struct{}{}:
		return func() { <-s.browsers }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("all %d browsers were busy until the time was over (allow more with --probe.max-browsers, or visit less often)", cap(s.browsers))
	}
}

// browserProgram is the program to drive.
func browserProgram(named string) (string, error) {
	candidates := []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "headless-shell"}
	if named != "" {
		candidates = []string{named}
	}
	for _, name := range candidates {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	if named != "" {
		return "", fmt.Errorf("the browser %s is not there (--probe.browser names it)", quote(named))
	}
	return "", fmt.Errorf("no browser was found: install one (Debian: apt-get install chromium), or name it with --probe.browser")
}

// openBrowser prepares a browser that starts with the first action in tab, with
// a profile in folder. end ends it with everything that it started.
func openBrowser(ctx context.Context, program, folder string) (tab context.Context, end func()) {
	var cmd *exec.Cmd
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(folder), chromedp.WindowSize(1280, 800), chromedp.UserAgent(browserAgent()),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-proxy-server", true), chromedp.Flag("no-sandbox", os.Geteuid() == 0), // it refuses to run as root otherwise
		chromedp.ModifyCmdFunc(func(c *exec.Cmd) {
			ownGroup(c)
			c.WaitDelay = closeWithin
			cmd = c
		}),
	)
	allocator, free := chromedp.NewExecAllocator(ctx, options...)
	tab, cancel := chromedp.NewContext(allocator, chromedp.WithLogf(quiet), chromedp.WithErrorf(quiet), chromedp.WithDebugf(quiet))
	return tab, func() {
		polite, done := context.WithTimeout(tab, time.Second)
		defer done()
		_ = chromedp.Cancel(polite)
		cancel()
		if cmd != nil && cmd.Process != nil {
			endGroup(cmd)
		}
		free()
	}
}

// browserAgent is a browser's, because sites look, and says who we are.
func browserAgent() string {
	return "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/130.0.0.0 Safari/537.36 " + userAgent()
}

// quiet leaves out what the library would write to the standard log.
func quiet(string, ...any) {}
