package gitrepo_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"shopset.dev/shopset/internal/gitrepo"
)

// sshServer runs git-upload-pack and git-receive-pack for whoever has the key.
type sshServer struct {
	config  *ssh.ServerConfig
	address string
	hostKey ssh.Signer
}

func newKey(t *testing.T) (ssh.Signer, []byte) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	return signer, pem.EncodeToMemory(block)
}

func startSSH(t *testing.T, allowed ssh.PublicKey) *sshServer {
	t.Helper()
	s := &sshServer{}
	s.hostKey, _ = newKey(t)
	s.config = &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) != string(allowed.Marshal()) {
			return nil, errors.New("unknown key")
		}
		return &ssh.Permissions{}, nil
	}}
	s.config.AddHostKey(s.hostKey)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	s.address = listener.Addr().String()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s
}

func (s *sshServer) serve(conn net.Conn) {
	defer conn.Close()
	server, channels, requests, err := ssh.NewServerConn(conn, s.config)
	if err != nil {
		return
	}
	defer server.Close()
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		if channel, requests, err := offered.Accept(); err == nil {
			go session(channel, requests)
		}
	}
}

func session(channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close()
	for request := range requests {
		if request.Type != "exec" {
			_ = request.Reply(request.Type == "env", nil)
			continue
		}
		_ = request.Reply(true, nil)
		var payload struct{ Command string }
		_ = ssh.Unmarshal(request.Payload, &payload)
		name, path, _ := strings.Cut(payload.Command, " ")
		cmd := exec.Command("git", strings.TrimPrefix(name, "git-"), strings.Trim(path, "'"))
		stdin, err := cmd.StdinPipe()
		if err != nil {
			return
		}
		cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
		go func() { _, _ = io.Copy(stdin, channel); _ = stdin.Close() }()
		status := struct{ Status uint32 }{}
		if cmd.Run() != nil {
			status.Status = 128
		}
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(status))
		return
	}
}

// knownHosts is the line for a server's key.
func knownHosts(address string, key ssh.PublicKey) []byte {
	host, port, _ := net.SplitHostPort(address)
	return append([]byte("["+host+"]:"+port+" "), ssh.MarshalAuthorizedKey(key)...)
}

func TestSSHTrustsOnlyKnownHostsAndOffersOnlyItsKey(t *testing.T) {
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Skipf("no ssh client on this machine: %v", err)
	}
	mine, private := newKey(t)
	stranger, strangerPrivate := newKey(t)
	server := startSSH(t, mine.PublicKey())
	known := knownHosts(server.address, server.hostKey.PublicKey())
	cases := map[string]struct {
		key, hosts []byte
		want       string
	}{
		"known server, right key":            {private, known, ""},
		"without line ends at the end":       {[]byte(strings.TrimSpace(string(private))), []byte(strings.TrimSpace(string(known))), ""},
		"known server, wrong key":            {strangerPrivate, known, "auth"},
		"the server has another key":         {private, knownHosts(server.address, stranger.PublicKey()), "auth"},
		"the server is not known":            {private, knownHosts("192.0.2.1:22", server.hostKey.PublicKey()), "auth"},
		"the key is none":                    {[]byte("nonsense"), known, "auth"},
		"temporary files in an awkward path": {private, known, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(name, "awkward") {
				dir := filepath.Join(t.TempDir(), `it's "%h" $(false) a\path`)
				mkdir(t, dir)
				t.Setenv("TMPDIR", dir)
			}
			remote := plain(t)
			remote.grow(t, "main", 2, numbered)
			r := open(t, gitrepo.Config{Remote: gitrepo.Remote{
				URL:         "ssh://git@" + server.address + remote.path(t),
				Credentials: gitrepo.Credentials{SSHPrivateKey: tc.key, KnownHosts: tc.hosts},
			}})
			if err := r.Fetch(t.Context()); class(err) != tc.want || (err == nil) != (tc.want == "") {
				t.Fatalf("Fetch = %v, class %q, want %q", err, class(err), tc.want)
			}
			if tc.want == "" {
				checkWorks(t, remote, r)
				return
			}
			id := commit(t, r, spec("x", "", "x"))
			if err := r.Push(t.Context(), []gitrepo.RefUpdate{move("x", "", id)}, false); class(err) != tc.want {
				t.Errorf("Push = %v, class %q, want %q", err, class(err), tc.want)
			}
		})
	}
}

func TestSSHRepositoryThatIsNotThere(t *testing.T) {
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Skipf("no ssh client on this machine: %v", err)
	}
	mine, private := newKey(t)
	server := startSSH(t, mine.PublicKey())
	r := open(t, gitrepo.Config{Remote: gitrepo.Remote{
		URL:         "ssh://git@" + server.address + "/none/at/all.git",
		Credentials: gitrepo.Credentials{SSHPrivateKey: private, KnownHosts: knownHosts(server.address, server.hostKey.PublicKey())},
	}})
	if err := r.Fetch(t.Context()); class(err) != "not found" {
		t.Errorf("Fetch = %v, class %q, want ErrNotFound", err, class(err))
	}
}

func TestCredentialFilesArePrivateAndRemoved(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	_, private := newKey(t)
	remote := gitrepo.Remote{URL: "git@git.example.com:x", Credentials: gitrepo.Credentials{SSHPrivateKey: private, KnownHosts: []byte("x")}}
	r := openIn(t, filepath.Join(t.TempDir(), "r"), gitrepo.Config{Remote: remote})
	if err := r.SetRemote(remote); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"key", "known_hosts"} {
		path := one(t, dir, "shopset-git-*/"+name) // SetRemote removed the first
		if mode := stat(t, path).Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o, want 600", name, mode)
		}
		if mode := stat(t, filepath.Dir(path)).Mode().Perm(); mode != 0o700 {
			t.Errorf("the directory of %s has mode %o, want 700", name, mode)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 0 {
		t.Errorf("files left after Close: %v", left)
	}
}

// selfSigned is a certificate that nobody trusts.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "stranger"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}
