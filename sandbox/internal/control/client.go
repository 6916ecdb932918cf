package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"shopset.dev/shopset/sandbox/internal/state"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 20

// Request is the body of a request about one cluster.
type Request struct {
	Cluster string `json:"cluster"`
	Mode    Mode   `json:"mode,omitempty"`
	// Settings are flags to change before a restart: process → flag → value; an empty value takes
	// back what was set.
	Settings state.Settings `json:"settings,omitempty"`
}

// Failure is the body of an answer that is not 200.
type Failure struct {
	Error string `json:"error"`
}

// Client talks to one supervisor.
type Client struct{ http *http.Client }

// NewClient returns a client for a control socket.
func NewClient(socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &Client{http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Status asks how the sandbox is.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	var status Status
	return &status, c.call(ctx, http.MethodGet, "/status", nil, &status)
}

// Failed says when a cluster failed: not before From, and at the load balancers by To.
type Failed struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Fail makes a cluster fail. It has failed already where there is no time.
func (c *Client) Fail(ctx context.Context, cluster string, mode Mode) (Failed, error) {
	var failed Failed
	return failed, c.call(ctx, http.MethodPost, "/fail", Request{Cluster: cluster, Mode: mode}, &failed)
}

// Recover undoes a failure and returns when the cluster is ready again.
func (c *Client) Recover(ctx context.Context, cluster string) error {
	return c.call(ctx, http.MethodPost, "/recover", Request{Cluster: cluster}, nil)
}

// Restart stops a cluster in good order, starts it with the changed settings, and returns when it
// is ready again.
func (c *Client) Restart(ctx context.Context, cluster string, settings state.Settings) error {
	return c.call(ctx, http.MethodPost, "/restart", Request{Cluster: cluster, Settings: settings}, nil)
}

// Stop asks the supervisor to stop everything and end; it returns before that.
func (c *Client) Stop(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/stop", nil, nil)
}

func (c *Client) call(ctx context.Context, method, path string, body, answer any) error {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("asking the supervisor: %w", err)
		}
		content = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://supervisor"+path, content)
	if err != nil {
		return fmt.Errorf("asking the supervisor: %w", err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("asking the supervisor: %w", err)
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(io.LimitReader(response.Body, maxAnswer))
	if response.StatusCode != http.StatusOK {
		var failure Failure
		if err := decoder.Decode(&failure); err != nil {
			return fmt.Errorf("asking the supervisor: it answers %s", response.Status)
		}
		return errors.New(failure.Error)
	}
	if answer == nil {
		return nil
	}
	if err := decoder.Decode(answer); err != nil {
		return fmt.Errorf("reading the supervisor's answer: %w", err)
	}
	return nil
}
