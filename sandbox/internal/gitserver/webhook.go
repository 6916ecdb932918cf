package gitserver

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"shopset.dev/shopset/internal/githost"

	"shopset.dev/shopset/sandbox/internal/state"
)

const (
	// pending bounds the pushes not yet told; more are dropped, as a webhook
	// promises nothing and its receivers poll as well.
	pending        = 256
	webhookTimeout = 5 * time.Second
)

// Webhook is an entry of webhooks.json.
type Webhook struct {
	URL string `json:"url"`
	// SecretFile holds the key of the signature; empty for none.
	SecretFile string `json:"secretFile"`
}

// pushEvent is what of GitHub's push event receivers read.
type pushEvent struct {
	Ref        string     `json:"ref"`
	Before     string     `json:"before"`
	After      string     `json:"after"`
	Created    bool       `json:"created"`
	Deleted    bool       `json:"deleted"`
	Repository repository `json:"repository"`
}

type repository struct {
	Name     string `json:"name"`
	FullName string `json:"full_name"`
	CloneURL string `json:"clone_url"`
	HTMLURL  string `json:"html_url"`
}

// notifier delivers pushes in their order, one after the other.
type notifier struct {
	file   string
	git    state.Git
	logger *slog.Logger
	client *http.Client
	queue  chan githost.Push
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func newNotifier(file string, git state.Git, logger *slog.Logger) *notifier {
	ctx, cancel := context.WithCancel(context.Background())
	n := &notifier{
		file: file, git: git, logger: logger, cancel: cancel,
		client: &http.Client{Timeout: webhookTimeout},
		queue:  make(chan githost.Push, pending),
	}
	n.done.Go(func() { n.run(ctx) })
	return n
}

// push is githost's hook; it must not hold the push up.
func (n *notifier) push(p githost.Push) {
	select {
	case n.queue <- p:
	default:
		n.logger.Warn("webhook dropped, too many are pending", "repository", p.Repository, "ref", p.Ref)
	}
}

func (n *notifier) close() {
	n.cancel()
	n.done.Wait()
}

func (n *notifier) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-n.queue:
			n.tell(ctx, p)
		}
	}
}

func (n *notifier) tell(ctx context.Context, p githost.Push) {
	webhooks, err := readWebhooks(n.file)
	if err != nil {
		n.logger.Error("reading webhooks", "error", err)
		return
	}
	body, err := json.Marshal(n.event(p))
	if err != nil {
		n.logger.Error("encoding a push event", "error", err)
		return
	}
	for _, webhook := range webhooks {
		if err := n.deliver(ctx, webhook, body); err != nil {
			n.logger.Warn("webhook not delivered", "url", webhook.URL, "ref", p.Ref, "error", err)
		}
	}
}

func (n *notifier) event(p githost.Push) pushEvent {
	url := n.git.Repository(p.Repository)
	none := strings.Repeat("0", 40)
	return pushEvent{
		Ref: p.Ref, Before: p.Old, After: p.New,
		Created: p.Old == none, Deleted: p.New == none,
		Repository: repository{Name: p.Repository, FullName: "sandbox/" + p.Repository, CloneURL: url, HTMLURL: url},
	}
}

func (n *notifier) deliver(ctx context.Context, webhook Webhook, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, webhook.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-GitHub-Event", "push")
	if webhook.SecretFile != "" {
		secret, err := os.ReadFile(webhook.SecretFile)
		if err != nil {
			return fmt.Errorf("reading its secret: %w", err)
		}
		mac := hmac.New(sha256.New, bytes.TrimSpace(secret))
		mac.Write(body)
		request.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	response, err := n.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)) // so that the connection is kept
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("answered %s", response.Status)
	}
	return nil
}

// readWebhooks reads the file anew for each push: it is small, and edited while
// the sandbox runs.
func readWebhooks(path string) ([]Webhook, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var webhooks []Webhook
	if err := json.Unmarshal(data, &webhooks); err != nil {
		return nil, fmt.Errorf("decoding %s: %w", path, err)
	}
	return webhooks, nil
}
