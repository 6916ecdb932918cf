package service

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func settingsForTest() Settings {
	return Settings{
		Component: "shop", Identity: Identity{"a-1", "1.0.0"}, Address: "127.0.0.1:0",
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
}

// running serves a component until stop is called.
type running struct {
	url   string
	stop  context.CancelFunc
	ended chan error
}

// addressLog is a log handler that hands on the address of "listening".
type addressLog struct {
	slog.Handler
	address chan string
}

func (a addressLog) Enabled(context.Context, slog.Level) bool { return true }

func (a addressLog) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(attr slog.Attr) bool {
		if r.Message == "listening" && attr.Key == "address" {
			a.address <- attr.Value.String()
		}
		return true
	})
	return nil
}

func run(t *testing.T, s Settings, c Component) running {
	t.Helper()
	log := addressLog{Handler: slog.DiscardHandler, address: make(chan string, 1)}
	s.Log = slog.New(log)
	ctx, stop := context.WithCancel(t.Context())
	r := running{stop: stop, ended: make(chan error, 1)}
	go func() { r.ended <- serve(ctx, s, c) }()
	r.url = "http://" + <-log.address
	return r
}

func TestServeFinishesWhatIsInFlightBeforeItEnds(t *testing.T) {
	arrived, proceed := make(chan struct{}), make(chan struct{})
	closed := false
	r := run(t, settingsForTest(), Component{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(arrived)
			<-proceed
			io.WriteString(w, "done")
		}),
		Close: func() error { closed = true; return nil },
	})
	body := make(chan string, 1)
	go func() {
		res, err := http.Get(r.url)
		if err != nil {
			body <- err.Error()
			return
		}
		defer res.Body.Close()
		data, _ := io.ReadAll(res.Body)
		body <- string(data)
	}()
	<-arrived
	r.stop()
	time.Sleep(20 * time.Millisecond) // let it close the door
	close(proceed)
	if got := <-body; got != "done" {
		t.Errorf("the request in flight ended with %q, want done", got)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("ended with %v, want nil", err)
	}
	if !closed {
		t.Error("the component was not closed")
	}
}

func TestServeStillAnswersWhileItDrainsButIsNotReady(t *testing.T) {
	s := settingsForTest()
	s.Drain = 2 * time.Second
	r := run(t, s, Component{Handler: http.NotFoundHandler()})
	r.stop()
	res := get(t, r.url+"/readyz", http.StatusServiceUnavailable)
	if !res.Close {
		t.Error("a connection is kept open while draining")
	}
	get(t, r.url+"/healthz", http.StatusOK)
	get(t, r.url+"/page", http.StatusNotFound)
	if err := <-r.ended; err != nil {
		t.Errorf("ended with %v, want nil", err)
	}
}

func TestServeEndsInTimeThoughAConnectionWithoutRequestIsOpen(t *testing.T) {
	t.Parallel()
	r := run(t, settingsForTest(), Component{Handler: http.NotFoundHandler()})
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	get(t, r.url+"/healthz", http.StatusOK) // by now the server has accepted the first one
	r.stop()
	if err := <-r.ended; err != nil {
		t.Errorf("ended with %v, want nil", err)
	}
}

// get retries until the status is seen, as the signal takes its moment.
func get(t *testing.T, url string, want int) *http.Response {
	t.Helper()
	for range 50 {
		res, err := http.Get(url)
		if err != nil {
			t.Fatalf("draining refuses %s: %v", url, err)
		}
		res.Body.Close()
		if res.StatusCode == want {
			return res
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s does not answer %d", url, want)
	return nil
}

func TestHandlerIdentifiesItselfAndLimitsBodies(t *testing.T) {
	s := settingsForTest()
	srv := &server{settings: s, metrics: newMetrics("shop", s.Identity), component: Component{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := ReadJSON(r, new(string)); err != nil {
				WriteError(w, err)
				return
			}
			w.Header().Set(HeaderRelease, "0.9.0") // as a component behind would
			w.WriteHeader(http.StatusOK)
		}),
		Ready: func() error { return errors.New("cart has not answered yet") },
	}}
	tests := map[string]struct {
		method, path, body string
		status             int
		release            string
	}{
		"an answer of its own":           {"POST", "/", "{", 400, "1.0.0"},
		"an answer passed on":            {"POST", "/", `"hello"`, 200, "0.9.0"},
		"a body beyond the limit":        {"POST", "/", `"` + strings.Repeat("x", MaxBody) + `"`, 413, "1.0.0"},
		"a probe while something is out": {"GET", "/readyz", "", 503, "1.0.0"},
		"a probe of life":                {"GET", "/healthz", "", 200, "1.0.0"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			srv.handler().ServeHTTP(w, httptest.NewRequest(test.method, test.path, strings.NewReader(test.body)))
			if w.Code != test.status || w.Header().Get(HeaderRelease) != test.release || w.Header().Get(HeaderShopSet) != "a-1" {
				t.Errorf("status %d by %s of %s, want %d by %s of a-1", w.Code,
					w.Header().Get(HeaderRelease), w.Header().Get(HeaderShopSet), test.status, test.release)
			}
		})
	}
}
