package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// shopper is a browser without JavaScript: it keeps cookies, follows redirects
// and sends the forms of the pages it sees.
type shopper struct {
	entry  string
	host   string
	client *http.Client
}

type seen struct {
	status int
	header http.Header
	body   string
	path   string
}

func newShopper(t *testing.T, entry, host string) *shopper {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &shopper{entry: entry, host: host, client: &http.Client{
		Jar: jar, Timeout: patience,
		Transport: hostTransport{host: host, next: &http.Transport{}},
	}}
}

// hostTransport asks for the shop's host at the entry's address, also when a
// redirect is followed.
type hostTransport struct {
	host string
	next http.RoundTripper
}

func (h hostTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = h.host
	return h.next.RoundTrip(r)
}

func (s *shopper) get(path string) (seen, error) {
	res, err := s.client.Get(s.entry + path)
	return read(res, err)
}

func (s *shopper) post(path string, fields ...string) (seen, error) {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	res, err := s.client.PostForm(s.entry+path, form)
	return read(res, err)
}

func read(res *http.Response, err error) (seen, error) {
	if err != nil {
		return seen{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return seen{status: res.StatusCode, header: res.Header, body: string(body), path: res.Request.URL.Path}, err
}

// must fails the test unless the page came with the status.
func must(t *testing.T, status int) func(seen, error) seen {
	return func(page seen, err error) seen {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if page.status != status {
			t.Fatalf("status %d, want %d; page:\n%s", page.status, status, page.body)
		}
		return page
	}
}

// count is the number that the page shows beside "Cart".
func (p seen) count() string {
	m := regexp.MustCompile(`Cart <b>(\d+)</b>`).FindStringSubmatch(p.body)
	if m == nil {
		return ""
	}
	return m[1]
}

// footer is what the page says about who served it.
func (p seen) footer() string {
	set := regexp.MustCompile(`id="shopset">([^<]*)<`).FindStringSubmatch(p.body)
	release := regexp.MustCompile(`id="release">([^<]*)<`).FindStringSubmatch(p.body)
	if set == nil || release == nil {
		return ""
	}
	return fmt.Sprintf("%s %s", set[1], release[1])
}

// keepAsking gets the front page again and again until stop is closed, and
// returns how often it asked and what went wrong.
func (s *shopper) keepAsking(stop <-chan struct{}) (asked int, wrong []string) {
	for {
		select {
		case <-stop:
			return asked, wrong
		default:
		}
		page, err := s.get("/")
		asked++
		switch {
		case err != nil:
			wrong = append(wrong, err.Error())
		case page.status != http.StatusOK:
			wrong = append(wrong, fmt.Sprintf("status %d: %s", page.status, strings.TrimSpace(page.body)))
		}
		time.Sleep(5 * time.Millisecond)
	}
}
