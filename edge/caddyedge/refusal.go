package caddyedge

import (
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"
	"time"

	"shopset.dev/shopset/internal/edge"
)

// refusedError carries a refusal of the core through the proxy.
type refusedError struct {
	refusal *edge.Refusal
	cause   error
}

func (e *refusedError) Error() string {
	if e.cause != nil {
		return e.refusal.Reason + ": " + e.cause.Error()
	}
	return e.refusal.Reason
}

func (e *refusedError) Unwrap() error { return e.cause }

// What a shopper is told. The reason of a refusal is for the log.
var words = map[int][2]string{
	http.StatusNotFound:           {"There is no shop here", "Please check the address."},
	http.StatusTooManyRequests:    {"Too many requests", "Please try again in a moment."},
	http.StatusServiceUnavailable: {"The shop cannot be reached right now", "Please try again in a moment."},
	http.StatusBadGateway:         {"The shop broke off", "Please check whether what you did has happened before you do it again."},
	http.StatusGatewayTimeout:     {"The shop did not answer in time", "Please check whether what you did has happened before you do it again."},
}

const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
	`<title>%[1]s</title></head><body style="font-family:sans-serif;margin:4em auto;max-width:30em">` +
	`<h1>%[1]s</h1><p>%[2]s</p></body></html>` + "\n"

// writeRefusal answers in place of a ShopSet: a page for those who take HTML, a line for others.
func writeRefusal(w http.ResponseWriter, r *http.Request, refusal *edge.Refusal) {
	said, ok := words[refusal.Status]
	if !ok {
		said = [2]string{http.StatusText(refusal.Status), ""}
	}
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	if refusal.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int((refusal.RetryAfter+time.Second-1)/time.Second)))
	}
	body := strings.TrimSpace(said[0]+". "+said[1]) + "\n"
	header.Set("Content-Type", "text/plain; charset=utf-8")
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		header.Set("Content-Type", "text/html; charset=utf-8")
		body = fmt.Sprintf(page, html.EscapeString(said[0]), html.EscapeString(said[1]))
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(refusal.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(body)) //nolint:gosec // G705: fixed words, escaped; the client may have gone
	}
}
