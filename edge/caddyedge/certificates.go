package caddyedge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// rereadCertificates is how often the folder is looked at. Mounted Secrets change behind a symbolic
// link, which notifications of the file system do not follow well.
const rereadCertificates = 2 * time.Second

// Certificates serves the pairs NAME.crt and NAME.key of a folder, such as a wildcard certificate
// or a mounted TLS Secret. Pairs that change are taken up; one that is broken keeps its predecessor.
type Certificates struct {
	Directory string `json:"directory"`

	log     *zap.Logger
	current atomic.Pointer[certificateSet]
	cancel  context.CancelFunc
	stopped chan struct{}
}

// certificateSet is what the folder held.
type certificateSet struct {
	pairs  map[string]pair // by file name without extension
	byName map[string]*tls.Certificate
}

// pair is a certificate with what told us that its files had changed.
type pair struct {
	certificate *tls.Certificate
	seen        string
}

// CaddyModule tells Caddy who this is.
func (*Certificates) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "tls.get_certificate.shopset", New: func() caddy.Module { return new(Certificates) }}
}

// Provision reads the folder, and goes on looking at it until Cleanup.
func (c *Certificates) Provision(ctx caddy.Context) error {
	c.log = ctx.Logger()
	if _, err := os.ReadDir(c.Directory); err != nil {
		return fmt.Errorf("reading certificates (--certificates): %w", err)
	}
	// One that is broken, or none at all, must not keep the rest from being served.
	set, err := readCertificates(c.Directory, new(certificateSet))
	if err != nil {
		c.log.Error("reading certificates", zap.String("folder", c.Directory), zap.Error(err))
	}
	if len(set.pairs) == 0 {
		c.log.Warn("the folder has no certificates yet: put NAME.crt and NAME.key into it", zap.String("folder", c.Directory))
	}
	c.current.Store(set)
	watch, cancel := context.WithCancel(context.Background())
	c.cancel, c.stopped = cancel, make(chan struct{})
	go c.follow(watch)
	return nil
}

// Cleanup stops looking.
func (c *Certificates) Cleanup() error {
	if c.cancel != nil {
		c.cancel()
		<-c.stopped
	}
	return nil
}

func (c *Certificates) follow(ctx context.Context) {
	defer close(c.stopped)
	ticker := time.NewTicker(rereadCertificates)
	defer ticker.Stop()
	complaint := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		set, err := readCertificates(c.Directory, c.current.Load())
		if err != nil && err.Error() != complaint {
			complaint = err.Error()
			c.log.Error("reading certificates; the ones before stay", zap.String("folder", c.Directory), zap.Error(err))
		}
		if err == nil {
			complaint = ""
		}
		c.current.Store(set)
	}
}

// GetCertificate gives the certificate for a handshake; nil for a name that no file covers.
func (c *Certificates) GetCertificate(_ context.Context, hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	set := c.current.Load()
	if cert, ok := set.byName[name]; ok {
		return cert, nil
	}
	if _, parent, ok := strings.Cut(name, "."); ok {
		return set.byName["*."+parent], nil
	}
	return nil, nil
}

// readCertificates reads the pairs that changed since before. With an error, the set is still good:
// what could not be read is as it was.
func readCertificates(dir string, before *certificateSet) (*certificateSet, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.crt"))
	if _, statErr := os.Stat(dir); statErr != nil {
		err = statErr
	}
	if err != nil {
		return before, err
	}
	slices.Sort(files)
	set := &certificateSet{pairs: make(map[string]pair, len(files)), byName: make(map[string]*tls.Certificate)}
	var problems []error
	for _, file := range files {
		name := strings.TrimSuffix(file, ".crt")
		old := before.pairs[name]
		now, err := readPair(name, old)
		if err != nil {
			problems = append(problems, err)
			now = old
		}
		if now.certificate != nil {
			set.pairs[name] = now
			set.add(now.certificate)
		}
	}
	return set, errors.Join(problems...)
}

// add makes a certificate known under its names; the one that lasts longest wins.
func (s *certificateSet) add(cert *tls.Certificate) {
	for _, name := range cert.Leaf.DNSNames {
		name = strings.ToLower(name)
		if other, ok := s.byName[name]; !ok || other.Leaf.NotAfter.Before(cert.Leaf.NotAfter) {
			s.byName[name] = cert
		}
	}
}

func readPair(name string, old pair) (pair, error) {
	seen := ""
	for _, file := range []string{name + ".crt", name + ".key"} {
		info, err := os.Stat(file)
		if err != nil {
			return pair{}, fmt.Errorf("reading certificate %q: %w", name, err)
		}
		seen += fmt.Sprint(info.ModTime().UnixNano(), info.Size(), ";")
	}
	if seen == old.seen {
		return old, nil
	}
	cert, err := tls.LoadX509KeyPair(name+".crt", name+".key")
	if err != nil {
		return pair{}, fmt.Errorf("reading certificate %q: %w", name, err)
	}
	return pair{certificate: &cert, seen: seen}, nil
}

var (
	_ certmagic.Manager  = (*Certificates)(nil)
	_ caddy.Provisioner  = (*Certificates)(nil)
	_ caddy.CleanerUpper = (*Certificates)(nil)
)
