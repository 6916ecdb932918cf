package service

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	headerIdempotencyKey = "Idempotency-Key"
	maxResponse          = 1 << 20
)

// Client calls other components in JSON.
type Client struct {
	http *http.Client
}

// Call is one request of a Client.
type Call struct {
	Method string
	Base   *url.URL
	// Path is appended to Base, its parts escaped.
	Path []string
	// Header is sent as it is; may be nil.
	Header http.Header
	// Key, if set, says that repeating the call does no harm.
	Key string
	// In is sent and Out is filled, as JSON; either may be nil.
	In, Out any
}

// StatusError is an answer other than 2xx.
type StatusError struct {
	Status  int
	Message string
}

func (e *StatusError) Error() string { return fmt.Sprintf("status %d: %s", e.Status, e.Message) }

// NewClient returns a Client whose calls take at most timeout.
func NewClient(timeout time.Duration) *Client {
	return &Client{http: &http.Client{Transport: NewTransport(timeout), Timeout: timeout}}
}

// Do sends the call and returns the response's header. An answer other than
// 2xx is a *StatusError.
func (c *Client) Do(ctx context.Context, call Call) (http.Header, error) {
	target := call.Base.JoinPath(call.Path...).String()
	header, err := c.do(ctx, target, call)
	if err != nil {
		return nil, fmt.Errorf("calling %s %s: %w", call.Method, target, err)
	}
	return header, nil
}

func (c *Client) do(ctx context.Context, target string, call Call) (http.Header, error) {
	req, err := newRequest(ctx, target, call)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxResponse+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxResponse {
		return nil, fmt.Errorf("answer is larger than %d bytes", maxResponse)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, &StatusError{Status: res.StatusCode, Message: firstLine(body)}
	}
	if call.Out != nil {
		err = json.Unmarshal(body, call.Out)
	}
	return res.Header, err
}

func newRequest(ctx context.Context, target string, call Call) (*http.Request, error) {
	var body io.Reader
	if call.In != nil {
		data, err := json.Marshal(call.In)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, call.Method, target, body)
	if err != nil {
		return nil, err
	}
	if call.Header != nil {
		req.Header = call.Header.Clone()
	}
	if call.In != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if call.Key != "" {
		req.Header.Set(headerIdempotencyKey, call.Key)
	}
	return req, nil
}

func firstLine(body []byte) string {
	line, _, _ := bytes.Cut(body, []byte("\n"))
	return string(line[:min(len(line), 200)])
}
