package discovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/retry"
)

const (
	// pageSize is how many objects are listed at a time.
	pageSize = 250
	// maxPage bounds a page; an object has at most about 1.5 MB.
	maxPage = 64 << 20
	// maxEvent bounds an event of a watch.
	maxEvent = 8 << 20
	// watching is how long the server lets a watch last, about.
	watching = 5 * time.Minute
)

var (
	// errAbsent says that the cluster does not have a kind.
	errAbsent = errors.New("the cluster does not have it (404 Not Found)")
	// errGone says that the version to go on from is too old: list again.
	errGone = errors.New("what was listed is too old to go on from (410 Gone)")
)

// refusal is an answer other than 200.
type refusal struct {
	status  int
	message string
	after   time.Duration // as the server asks; 0 when it does not
}

// Error says what usually mends it.
func (r *refusal) Error() string {
	mend := ""
	switch r.status {
	case http.StatusUnauthorized:
		mend = " (the token is not, or no longer, accepted)"
	case http.StatusForbidden:
		mend = " (let the service account list and watch it)"
	}
	return fmt.Sprintf("the cluster answered %d %s: %s%s", r.status, http.StatusText(r.status), r.message, mend)
}

// api asks one API server. The certificates are read when it is made, the token
// for every request: both are rotated.
type api struct {
	base, tokenFile string
	client          *http.Client
	agent           string
	selector        string
}

func newAPI(spec *catalog.KubernetesDiscovery, s settings) (*api, error) {
	base, tokenFile, caFile, err := place(spec)
	if err != nil {
		return nil, err
	}
	client, err := newClient(s, caFile)
	if err != nil {
		return nil, err
	}
	return &api{base: base, tokenFile: tokenFile, client: client, agent: s.userAgent, selector: spec.Selector}, nil
}

func (a *api) close() { a.client.CloseIdleConnections() }

// page is a part of a list.
type page struct {
	Metadata struct{ ResourceVersion, Continue string }
	Items    []json.RawMessage
}

// list asks for a page; token is what the page before said.
func (a *api) list(ctx context.Context, path, token string) (*page, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	query := url.Values{"limit": {strconv.Itoa(pageSize)}}
	if token != "" {
		query.Set("continue", token)
	}
	resp, err := a.get(ctx, path, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	var p page
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxPage)).Decode(&p); err != nil {
		return nil, fmt.Errorf("reading the list: %w", err)
	}
	if p.Metadata.ResourceVersion == "" {
		return nil, errors.New("reading the list: it has no resourceVersion, so that it is no list of Kubernetes")
	}
	return &p, nil
}

// watch calls do with every event after a version. It returns nil when the
// server ends the watch, as it does every few minutes, and errGone when the
// list must be read anew.
func (a *api) watch(ctx context.Context, path, version string, do func(kind string, object []byte) error) error {
	lasting := watching + rand.N(watching)
	ctx, cancel := context.WithTimeout(ctx, lasting+2*patience)
	defer cancel()
	resp, err := a.get(ctx, path, url.Values{
		"watch": {"true"}, "allowWatchBookmarks": {"true"}, "resourceVersion": {version},
		"timeoutSeconds": {strconv.Itoa(int(lasting.Seconds()))},
	})
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	bounded := &io.LimitedReader{R: resp.Body}
	events := json.NewDecoder(bounded)
	for {
		bounded.N = maxEvent
		var e struct {
			Type   string
			Object json.RawMessage
		}
		err := events.Decode(&e)
		switch {
		case err == nil && e.Type == "ERROR":
			return failure(e.Object)
		case err == nil && (e.Type == "ADDED" || e.Type == "MODIFIED" || e.Type == "DELETED" || e.Type == "BOOKMARK"):
			if err := do(e.Type, e.Object); err != nil {
				return err
			}
		case err == nil:
			return fmt.Errorf("the cluster sent an event of the unknown type %q", short(e.Type))
		case bounded.N == 0:
			return fmt.Errorf("the cluster sent an event of over %d bytes", maxEvent)
		case errors.Is(err, io.EOF):
			return nil
		default:
			return fmt.Errorf("reading the watch: %w", err)
		}
	}
}

// failure is what an event of the type ERROR says.
func failure(object []byte) error {
	var status struct {
		Code    int
		Message string
	}
	if err := json.Unmarshal(object, &status); err != nil {
		return fmt.Errorf("the cluster sent an error that cannot be read: %w", err)
	}
	if status.Code == http.StatusGone {
		return errGone
	}
	return &refusal{status: status.Code, message: short(status.Message)}
}

// versionOf is the resourceVersion of an object.
func versionOf(text []byte) string {
	var o struct {
		Metadata struct{ ResourceVersion string }
	}
	_ = json.Unmarshal(text, &o)
	return o.Metadata.ResourceVersion
}

// get asks; any answer but 200 is an error.
func (a *api) get(ctx context.Context, path string, query url.Values) (*http.Response, error) {
	if a.selector != "" {
		query.Set("labelSelector", a.selector)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", a.agent)
	req.Header.Set("Accept", "application/json")
	if a.tokenFile != "" {
		token, err := os.ReadFile(a.tokenFile)
		if err != nil {
			return nil, fmt.Errorf("reading the token: %w", err)
		}
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	return nil, refused(resp)
}

// refused reads why.
func refused(resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusNotFound:
		return errAbsent
	case http.StatusGone:
		return errGone
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	var status struct{ Message string }
	if json.Unmarshal(text, &status) != nil || status.Message == "" {
		status.Message = string(text)
	}
	r := &refusal{status: resp.StatusCode, message: short(status.Message)}
	after, _ := retry.After(resp.Header, time.Now())
	r.after = min(after, time.Hour)
	return r
}
