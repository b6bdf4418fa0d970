package notify_test

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const (
	account = "AC0123456789abcdef0123456789abcdef"
	phone   = "+44 7700 900123"
	dialled = "+447700900123"
)

// twilioServer is Twilio's API as far as we use it.
type twilioServer struct {
	*fake
	url, way string
	status   string // of what is asked for
	form     map[string][]string
}

func newTwilioServer(t *testing.T, way string) *twilioServer {
	t.Helper()
	p := &twilioServer{way: way}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2010-04-01/Accounts/"+account+"/Messages.json", p.take)
	mux.HandleFunc("POST /2010-04-01/Accounts/"+account+"/Calls.json", p.take)
	mux.HandleFunc("GET /2010-04-01/Accounts/"+account+"/Messages/{sid}", p.tell)
	mux.HandleFunc("GET /2010-04-01/Accounts/"+account+"/Calls/{sid}", p.tell)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p.fake, p.url = newFake(t), server.URL
	return p
}

func (p *twilioServer) catalogue() string {
	return fmt.Sprintf("twilio: {account_sid: %s, auth_token_file: secret, url: %q, sms_from: '+44 7700 900000', voice_from: '+44 7700 900001'}", account, p.url)
}

func (p *twilioServer) code(meaning string) int {
	return map[string]int{"success": 201, "temporary": 429, "permanent": 400}[meaning]
}

func (p *twilioServer) take(w http.ResponseWriter, r *http.Request) {
	code := p.replies()
	if p.misbehaves(w, r, http.StatusCreated) {
		return
	}
	user, password, _ := r.BasicAuth()
	if user != account || password != secret {
		code = http.StatusUnauthorized
	}
	if err := r.ParseForm(); err != nil || r.PostForm.Get("To") != dialled {
		code = http.StatusTeapot
	}
	p.form = r.PostForm
	if !p.keepText(r) {
		code = http.StatusTeapot
	}
	w.Header().Set("Retry-After", "7")
	w.WriteHeader(code)
	_, _ = fmt.Fprintf(w, `{"sid":"SM%s","code":21614,"message":"%s for %s"}`, account[2:], secret, dialled)
}

// keepText refuses what Twilio would.
func (p *twilioServer) keepText(r *http.Request) bool {
	if p.way == "sms" {
		text := r.PostForm.Get("Body")
		p.keep("Body: "+text+"\n\n", "")
		life, err := strconv.Atoi(r.PostForm.Get("ValidityPeriod"))
		return text != "" && len([]rune(text)) <= 1600 && err == nil && life <= 900 && r.PostForm.Get("From") == "+447700900000"
	}
	twiml := r.PostForm.Get("Twiml")
	var said struct {
		Gather []struct {
			Action string `xml:"action,attr"`
			Say    string
		}
	}
	err := xml.Unmarshal([]byte(twiml), &said)
	if err != nil || len(twiml) > 4000 || len(said.Gather) == 0 {
		return false
	}
	p.keep("Say: "+said.Gather[0].Say+"\nAction: "+said.Gather[0].Action+"\n\n", twiml)
	return r.PostForm.Get("MachineDetection") == "Enable" && r.PostForm.Get("From") == "+447700900001"
}

func (p *twilioServer) tell(w http.ResponseWriter, r *http.Request) {
	if !regexp.MustCompile(`/(SM|CA)[0-9a-f]{32}\.json$`).MatchString(r.URL.Path) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_, _ = w.Write([]byte(p.status))
}

func (p *twilioServer) says() []string {
	if p.way == "sms" {
		return []string{"CRITICAL: shop is down.", "Users cannot use shop.", "Reply ACK 7.", "https://board.example.org/incidents/7", "(7.1)"}
	}
	return []string{"incident 7", "Critical: shop is down.", "Users cannot use shop.", "Press 4 to acknowledge", "https://board.example.org/callback/twilio/digits/7.1.asha.voice"}
}

func (p *twilioServer) sent(name string) string { return strings.Join(p.form[name], " ") }
