package gitrepo

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// access is what lets git in at one remote: configuration and environment for
// one process, and the temporary files they name.
type access struct {
	location *Location
	config   [][2]string
	env      []string
	redactor *strings.Replacer

	mu      sync.Mutex
	dir     string
	users   int
	retired bool
}

func newAccess(remote Remote) (*access, error) {
	location, err := ParseURL(remote.URL)
	if err != nil {
		return nil, err
	}
	c := remote.Credentials
	a := &access{location: location}
	if err := a.prepare(c); err != nil {
		a.retire()
		return nil, fmt.Errorf("preparing the credentials for %s: %w", location, err)
	}
	return a, nil
}

func (a *access) prepare(c Credentials) error {
	var secrets []string
	c.Username, c.Password = trimEnd(c.Username), trimEnd(c.Password)
	c.BearerToken = trimEnd(c.BearerToken)
	switch a.location.Scheme {
	case "https", "http":
		header, err := authorization(c)
		if err != nil {
			return err
		}
		if header != "" {
			a.set("http."+a.location.base()+".extraHeader", "Authorization: "+header)
			_, encoded, _ := strings.Cut(header, " ")
			secrets = append(secrets, header, encoded)
		}
		if err := a.trust(c.CABundle); err != nil {
			return err
		}
	case "ssh":
		if err := a.ssh(c); err != nil {
			return err
		}
	}
	a.redactor = newRedactor(append(secrets, c.Password, c.BearerToken))
	return nil
}

func trimEnd(value string) string { return strings.TrimRight(value, "\r\n") }

func authorization(c Credentials) (string, error) {
	for _, value := range []string{c.Username, c.Password, c.BearerToken} {
		if strings.ContainsAny(value, "\r\n\x00") {
			return "", errors.New("a user name, password or token contains a line end")
		}
	}
	switch {
	case c.BearerToken != "":
		return "Bearer " + c.BearerToken, nil
	case strings.Contains(c.Username, ":"):
		return "", errors.New("the user name contains a colon")
	case c.Username != "" || c.Password != "":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.Username+":"+c.Password)), nil
	}
	return "", nil
}

func newRedactor(secrets []string) *strings.Replacer {
	var pairs []string
	for _, secret := range secrets {
		if secret != "" {
			pairs = append(pairs, secret, "***")
		}
	}
	return strings.NewReplacer(pairs...)
}

func (a *access) set(key, value string) { a.config = append(a.config, [2]string{key, value}) }

func (a *access) trust(bundle []byte) error {
	if len(bundle) == 0 {
		return nil
	}
	path, err := a.file("ca.pem", bundle)
	if err != nil {
		return err
	}
	a.set("http.sslCAInfo", path)
	return nil
}

// ssh prepares GIT_SSH_COMMAND, which git hands to a shell.
func (a *access) ssh(c Credentials) error {
	command := []string{"ssh", "-oBatchMode=yes", "-oStrictHostKeyChecking=yes", "-oUpdateHostKeys=no",
		"-oConnectTimeout=20", "-oServerAliveInterval=15", "-oServerAliveCountMax=4", "-oLogLevel=ERROR",
		"-oControlMaster=no", "-oControlPath=none"}
	if len(c.SSHPrivateKey) > 0 && len(c.KnownHosts) == 0 {
		return errors.New("an SSH key without known hosts: the server could not be verified")
	}
	if len(c.KnownHosts) > 0 {
		path, err := a.file("known_hosts", c.KnownHosts)
		if err != nil {
			return err
		}
		command = append(command, quoteShell("-oUserKnownHostsFile="+quoteSSH(path)), "-oGlobalKnownHostsFile="+os.DevNull)
	}
	if len(c.SSHPrivateKey) > 0 {
		path, err := a.file("key", c.SSHPrivateKey)
		if err != nil {
			return err
		}
		command = append(command, "-F", os.DevNull, "-oIdentitiesOnly=yes", "-oIdentityAgent=none",
			quoteShell("-oIdentityFile="+quoteSSH(path)))
	} else if socket := os.Getenv("SSH_AUTH_SOCK"); socket != "" {
		a.env = append(a.env, "SSH_AUTH_SOCK="+socket)
	}
	a.env = append(a.env, "GIT_SSH_VARIANT=ssh", "GIT_SSH_COMMAND="+strings.Join(command, " "))
	return nil
}

// quoteShell makes one word of any text for a POSIX shell.
func quoteShell(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// quoteSSH makes one value of a path for an ssh option, where spaces part
// values and % starts a token.
func quoteSSH(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%").Replace(path) + `"`
}

// file keeps content in a file that only this user can read, ending in a line
// end, which ssh insists on.
func (a *access) file(name string, content []byte) (string, error) {
	if a.dir == "" {
		dir, err := os.MkdirTemp("", "shopset-git-") // mode 0700
		if err != nil {
			return "", fmt.Errorf("making a directory for credentials: %w", err)
		}
		a.dir = dir
	}
	text := strings.TrimRight(string(content), "\r\n") + "\n"
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("writing %s: %w", name, err)
	}
	return path, nil
}

// use and release keep the files while a process needs them.
func (a *access) use() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users++
}

func (a *access) release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users--
	a.clean()
}

// retire removes the files as soon as nobody uses them any more.
func (a *access) retire() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.retired = true
	a.clean()
}

func (a *access) clean() {
	if a.retired && a.users == 0 && a.dir != "" {
		_ = os.RemoveAll(a.dir)
		a.dir = ""
	}
}
