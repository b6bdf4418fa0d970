package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// comment is a place for one comment, and the comment there once it has an id.
// It is on a pull request, or on a commit when pull is 0.
type comment struct {
	repository string
	pull       int
	sha        string
	id         int64
}

// String is the comment as a thread remembers it; [parseComment] reads it.
func (c comment) String() string {
	if c.pull != 0 {
		return fmt.Sprintf("%s pull %d comment %d", c.repository, c.pull, c.id)
	}
	return fmt.Sprintf("%s commit %s comment %d", c.repository, c.sha, c.id)
}

func parseComment(thread string) (comment, bool) {
	words := strings.Fields(thread)
	if len(words) != 5 || words[3] != "comment" {
		return comment{}, false
	}
	c := comment{repository: words[0]}
	var err error
	if c.id, err = strconv.ParseInt(words[4], 10, 64); err != nil || c.id <= 0 {
		return comment{}, false
	}
	switch words[1] {
	case "pull":
		c.pull, err = strconv.Atoi(words[2])
	case "commit":
		c.sha = words[2]
	}
	return c, err == nil && c.valid()
}

// valid keeps an odd answer from becoming another path.
func (c comment) valid() bool {
	owner, name, ok := strings.Cut(c.repository, "/")
	if !ok || !isName(owner) || !isName(name) {
		return false
	}
	return c.pull > 0 || (len(c.sha) >= 7 && len(c.sha) <= 64 && strings.Trim(c.sha, "0123456789abcdef") == "")
}

func isName(s string) bool {
	return s != "" && s != "." && s != ".." && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

func (c comment) samePlace(other comment) bool {
	c.id, other.id = 0, 0
	return c == other
}

// list is where the comments of the place are listed and written.
func (c comment) list() string {
	if c.pull != 0 {
		return fmt.Sprintf("repos/%s/issues/%d/comments", c.repository, c.pull)
	}
	return fmt.Sprintf("repos/%s/commits/%s/comments", c.repository, c.sha)
}

// path is where the comment is edited.
func (c comment) path() string {
	if c.pull != 0 {
		return fmt.Sprintf("repos/%s/issues/comments/%d", c.repository, c.id)
	}
	return fmt.Sprintf("repos/%s/comments/%d", c.repository, c.id)
}

// marker is a hidden line by which we know our comment again. It is signed
// with the token and names the place, so that nobody else's text passes for it.
func (g *gitHub) marker(place comment, m Message) (string, error) {
	key, err := g.token()
	if err != nil {
		return "", err
	}
	sum := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(sum, "tocsin comment\n%s\n%s\n%s", m.About.Labels["service"], m.About.Labels["pipeline"], place.list())
	return "<!-- tocsin " + hex.EncodeToString(sum.Sum(nil)[:12]) + " -->", nil
}

// mostJobs is how many failed jobs a comment lists. With it, and every text in
// it bounded, a comment stays far below GitHub's limit of 65,536 characters.
const mostJobs = 20

func failureBody(m Message, run pipelineRun) string {
	var b strings.Builder
	r := run.Run
	fmt.Fprintf(&b, "### Pipeline %s of %s failed\n\n", code(run.Pipeline), code(run.Service))
	fmt.Fprintf(&b, "%s of %s on %s for commit %s ended with **%s** on %s, after %s.\n", runLink(run), code(run.Workflow), code(run.Branch),
		code(r.Commit[:min(len(r.Commit), 10)]), prose(r.Result, 20), Clock(r.FinishedAt, m.Zone), Length(r.FinishedAt.Sub(r.StartedAt)))
	if len(r.FailedJobs) > 0 {
		b.WriteString("\nFailed jobs:\n")
	}
	for n, job := range r.FailedJobs {
		if n == mostJobs {
			fmt.Fprintf(&b, "- and %d more\n", len(r.FailedJobs)-mostJobs)
			break
		}
		fmt.Fprintf(&b, "- %s", link(code(job.Name), job.URL))
		if job.Check != "" {
			fmt.Fprintf(&b, ", which checks %s", code(job.Check))
		}
		b.WriteString("\n")
	}
	if impact := prose(m.About.Annotations["impact"], 500); impact != "" {
		b.WriteString("\n" + impact + "\n")
	}
	b.WriteString(footer(m))
	return b.String()
}

func fixedBody(m Message, run pipelineRun) string {
	var b strings.Builder
	service, pipeline := code(m.About.Labels["service"]), code(m.About.Labels["pipeline"])
	since := m.About.StartsAt
	if since.IsZero() {
		since = m.Incident.Since
	}
	if run.Run.Result == "success" {
		fmt.Fprintf(&b, "### Fixed: pipeline %s of %s succeeds again\n\n", pipeline, service)
		fmt.Fprintf(&b, "%s for commit %s succeeded on %s.", runLink(run), code(run.Run.Commit[:min(len(run.Run.Commit), 10)]), Clock(run.Run.FinishedAt, m.Zone))
	} else {
		fmt.Fprintf(&b, "### Over: pipeline %s of %s is no longer reported as failed\n\n", pipeline, service)
		fmt.Fprintf(&b, "The alert ended on %s.", Clock(m.At, m.Zone))
	}
	fmt.Fprintf(&b, " It was raised on %s, %s earlier.\n", Clock(since, m.Zone), Length(m.At.Sub(since)))
	b.WriteString(footer(m))
	return b.String()
}

func footer(m Message) string {
	var links []string
	add := func(name, address string) {
		if l := link(name, address); strings.HasPrefix(l, "[") {
			links = append(links, l)
		}
	}
	add(fmt.Sprintf("Incident %d", m.Incident.ID), m.Board)
	add("Runbook", m.About.Annotations["runbook_url"])
	add("Dashboard", m.About.Annotations["dashboard_url"])
	text := ""
	if len(links) > 0 {
		text = "\n" + strings.Join(links, " · ") + "\n"
	}
	last := "This comment is edited when the pipeline's next run ends."
	if m.Kind == incident.MessageResolved {
		last = "This comment is not edited any more."
	}
	return text + fmt.Sprintf("\n<sub>The alert %s by Tocsin, for team %s. %s</sub>\n", code(m.About.Name()), code(m.Incident.Team), last)
}

func runLink(run pipelineRun) string {
	name := fmt.Sprintf("Run %d", run.Run.Number)
	if run.Run.Attempt > 1 {
		name += fmt.Sprintf(" (attempt %d)", run.Run.Attempt)
	}
	return link(name, run.Run.URL)
}

// link is Markdown for a name that is already safe, or the name alone when the
// address is none.
func link(name, address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || len(address) > 2000 || u.User != nil {
		return name
	}
	return "[" + name + "](<" + strings.NewReplacer("<", "%3C", ">", "%3E", "@", "%40").Replace(u.String()) + ">)"
}

// code shows somebody else's text as code, in which GitHub calls nobody's name
// and closes nothing.
func code(text string) string {
	text = OneLine(strings.ReplaceAll(text, "`", "'"), 200)
	if text == "" {
		return "`?`"
	}
	return "`` " + text + " ``"
}

var (
	markdown = strings.NewReplacer(
		`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "~", `\~`, "|", `\|`, "!", `\!`,
		"&", "&amp;", "<", "&lt;", ">", "&gt;",
	)
	// reference is what GitHub turns into a mention or a link that closes an
	// issue or notes a reference on it: @name, #1, GH-1 and addresses.
	reference = regexp.MustCompile(`(?i)@|#|gh-|://|www\.`)
)

// prose shows somebody else's text as plain words in one line. A word joiner,
// which is invisible, keeps GitHub from seeing names and issues in it.
func prose(text string, most int) string {
	return markdown.Replace(neutral(OneLine(text, most)))
}

// neutral keeps names and issues in a text from being seen as such.
func neutral(text string) string {
	return reference.ReplaceAllStringFunc(text, func(found string) string {
		return found[:1] + "\u2060" + found[1:] + "\u2060"
	})
}
