package recovery

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"shopset.dev/shopset/api/v1alpha1"
)

const (
	// flood is how many valid events come as fast as they can, from senders at a time.
	flood   = 10_000
	senders = 16
)

// sender sends push events to a controller.
type sender struct {
	t      *testing.T
	client *http.Client
	base   string
	secret string
}

// event is one request and the status it must be answered with.
type event struct {
	path, kind, body string
	method           string
	signature        string // by default the right one
	want             int
}

// TestPushEvents sends events of all kinds to a controller that does not poll.
func TestPushEvents(t *testing.T) {
	f := newFleet(t, "events", fleetOptions{tiers: ladder[:2], poll: time.Hour})
	c := newController(t, f.box)
	c.start()
	f.proven(f.work.git("rev-parse", "HEAD"))
	s := f.sender(t, c)
	push := "/push/" + f.namespace
	f.quiet()

	commit := f.merge()
	before := heads(t, f.system)
	for name, e := range map[string]event{
		"a wrong signature":               {path: push, kind: "push", signature: s.sign("another body"), want: 401},
		"no signature":                    {path: push, kind: "push", signature: "none", want: 401},
		"a signature that is none":        {path: push, kind: "push", signature: "sha256=xyz", want: 401},
		"another kind of event":           {path: push, kind: "issues", want: 202},
		"garbage of another kind":         {path: push, kind: "?", body: "\x00{]", want: 202},
		"a body that is too large":        {path: push, kind: "push", body: strings.Repeat("x", 27<<20), want: 413},
		"another method":                  {path: push, method: http.MethodGet, want: 405},
		"a namespace without a Fleet":     {path: "/push/nowhere", kind: "push", want: 401},
		"a path below the namespace":      {path: push + "/more", kind: "push", want: 404},
		"another path":                    {path: "/metrics", kind: "push", want: 404},
		"a namespace that is no name":     {path: "/push/..%2f..%2fsecrets", kind: "push", want: 404},
		"a namespace with odd characters": {path: "/push/%00%ff", kind: "push", want: 401},
	} {
		t.Run(name, func(t *testing.T) { s.in(t).send(e) })
	}
	time.Sleep(2 * time.Second) // in which nothing must happen
	if diff := cmp.Diff(before, heads(t, f.system)); diff != "" {
		t.Errorf("events that say nothing moved branches (-before +after):\n%s", diff)
	}
	t.Run("a valid event makes a commit noticed at once", func(t *testing.T) {
		begun := time.Now()
		s.in(t).send(event{path: push, kind: "push", body: `{"ref":"refs/heads/tier-0"}`, want: 202})
		f.in(t).has(commit, f.system, "tier-0:base")
		noticed := time.Since(begun)
		f.proven(commit)
		t.Logf("measured: %d ms from the event to the commit in the system repository", noticed.Milliseconds())
	})
	t.Run("the same event again, and one that is garbage, change nothing", func(t *testing.T) {
		before := heads(t, f.system)
		for range 5 {
			s.in(t).send(event{path: push, kind: "push", body: `{"ref":"refs/heads/tier-0"}`, want: 202})
			s.in(t).send(event{path: push, kind: "push", body: "\x00\xff{]", want: 202})
		}
		time.Sleep(time.Second)
		if diff := cmp.Diff(before, heads(t, f.system)); diff != "" {
			t.Errorf("branches moved (-before +after):\n%s", diff)
		}
	})
	t.Run("a flood of valid events", func(t *testing.T) { f.in(t).flooded(s.in(t), push) })
	f.checkHistory()
	if strings.Contains(c.said(), s.secret) {
		t.Error("the webhook's secret is in the log")
	}
}

// quiet waits until the controller leaves the Git host alone.
func (f *testFleet) quiet() {
	f.t.Helper()
	eventually(f.t, "the controller to have nothing to do", func() error {
		before := f.host.faults.Requests()
		time.Sleep(time.Second)
		if now := f.host.faults.Requests(); now != before {
			return fmt.Errorf("%d requests in a second", now-before)
		}
		return nil
	})
}

// sender gives the fleet a webhook secret and waits until the controller takes signatures.
func (f *testFleet) sender(t *testing.T, c *controller) *sender {
	t.Helper()
	s := &sender{t: t, base: "http://" + c.events, secret: "secret-" + rand.Text(), client: &http.Client{
		Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: senders},
	}}
	f.create(&corev1.Secret{ObjectMeta: f.meta("push"), StringData: map[string]string{"secret": s.secret}})
	change(f, "fleet", &v1alpha1.Fleet{}, func(fl *v1alpha1.Fleet) {
		fl.Spec.WebhookSecretRef = &v1alpha1.LocalReference{Name: "push"}
	})
	eventually(t, "events to be taken", func() error {
		status, err := s.post(event{path: "/push/" + f.namespace, kind: "ping"})
		if err == nil && status != http.StatusAccepted {
			err = fmt.Errorf("status is %d", status)
		}
		return err
	})
	return s
}

func (s *sender) in(t *testing.T) *sender {
	in := *s
	in.t = t
	return &in
}

func (s *sender) sign(body string) string {
	mac := hmac.New(sha256.New, []byte(s.secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func (s *sender) send(e event) {
	s.t.Helper()
	if status, err := s.post(e); err != nil || status != e.want {
		s.t.Errorf("the answer is %d, %v; want %d", status, err, e.want)
	}
}

func (s *sender) post(e event) (int, error) {
	method := e.method
	if method == "" {
		method = http.MethodPost
	}
	request, err := http.NewRequest(method, s.base+e.path, bytes.NewReader([]byte(e.body)))
	if err != nil {
		return 0, err
	}
	switch e.signature {
	case "":
		request.Header.Set("X-Hub-Signature-256", s.sign(e.body))
	case "none":
	default:
		request.Header.Set("X-Hub-Signature-256", e.signature)
	}
	request.Header.Set("X-Github-Event", e.kind)
	response, err := s.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// flooded sends the flood while a commit climbs, and counts what it cost the Git host.
func (f *testFleet) flooded(s *sender, path string) {
	f.t.Helper()
	f.host.faults.Reset()
	commit := f.merge()
	var sent, wrong atomic.Int64
	var group sync.WaitGroup
	begun := time.Now()
	for range senders {
		group.Go(func() {
			for sent.Add(1) <= flood {
				if status, err := s.post(event{path: path, kind: "push", body: `{"ref":"refs/heads/tier-0"}`}); err != nil || status != http.StatusAccepted {
					wrong.Add(1)
				}
			}
		})
	}
	f.has(commit, f.system, "tier-0:base")
	noticed := time.Since(begun)
	group.Wait()
	took := time.Since(begun)
	if n := wrong.Load(); n > 0 {
		f.t.Errorf("%d of %d events were not answered with 202", n, flood)
	}
	f.proven(commit)
	requests := f.host.faults.Requests()
	// One look costs four requests at most, and a flood leads to four looks a second; the climb
	// itself adds some twenty.
	if most := 40 + int(20*time.Since(begun).Seconds()); requests > most {
		f.t.Errorf("the flood led to %d requests to the Git host, want %d at most", requests, most)
	}
	before := heads(f.t, f.system)
	last := f.merge()
	quiet := time.Now()
	s.send(event{path: path, kind: "push", body: "{}", want: http.StatusAccepted})
	f.has(last, f.system, "tier-0:base")
	after := time.Since(quiet)
	f.proven(last)
	for branch, head := range before {
		if _, err := tryGit(f.system, nil, "merge-base", "--is-ancestor", head, branch); err != nil {
			f.t.Errorf("%s lost %.8s: %v", branch, head, err)
		}
	}
	f.t.Logf("measured: %d events in %.1f s (%.0f a second); a commit noticed %d ms after the flood's begin, the next %d ms after its event; %d requests to the Git host",
		flood, took.Seconds(), flood/took.Seconds(), noticed.Milliseconds(), after.Milliseconds(), requests)
}
