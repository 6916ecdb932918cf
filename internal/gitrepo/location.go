package gitrepo

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// Location is a parsed remote URL.
type Location struct {
	// Scheme is "https", "http", "ssh" or "file".
	Scheme string
	// User is the SSH user, or "".
	User string
	// Host is lower case, with the port when it is not the scheme's own; "" for a file.
	Host string
	// Path as the URL gives it, without a slash at the end.
	Path string

	// scp marks the form user@host:path, whose path may be relative to the user's home.
	scp bool
}

var (
	userPattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)
	hostPattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	defaultPort = map[string]string{"https": "443", "http": "80", "ssh": "22"}
)

// ParseURL accepts https://, http:// and ssh:// URLs, the scp-like form
// git@host:path, and absolute file paths (also as file://). Errors name the
// part that is wrong and never repeat credentials.
func ParseURL(raw string) (*Location, error) {
	switch {
	case raw == "":
		return nil, errors.New("repository URL: empty")
	case strings.ContainsFunc(raw, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return nil, errors.New("repository URL: contains a space or a control character")
	case strings.Contains(raw, "://"):
		return parseSchemed(raw)
	case strings.HasPrefix(raw, "/"):
		return (&Location{Scheme: "file", Path: raw}).checked()
	}
	return parseSCP(raw)
}

func parseSchemed(raw string) (*Location, error) {
	u, err := url.Parse(raw)
	if err != nil {
		// url.Error repeats the whole URL, which may hold a password.
		var wrapped *url.Error
		if errors.As(err, &wrapped) && !strings.Contains(raw, "@") {
			return nil, fmt.Errorf("repository URL: %w", wrapped.Err)
		}
		return nil, errors.New("repository URL: malformed")
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "ssh" && u.Scheme != "file":
		return nil, fmt.Errorf("repository URL: scheme %q: want https, http, ssh or file", u.Scheme)
	case u.RawQuery != "" || u.ForceQuery:
		return nil, errors.New("repository URL: query: want none")
	case u.Fragment != "" || strings.HasSuffix(raw, "#"):
		return nil, errors.New("repository URL: fragment: want none")
	case strings.HasSuffix(u.Host, ":"):
		return nil, errors.New("repository URL: port: empty")
	}
	user, err := userOf(u)
	if err != nil {
		return nil, err
	}
	return (&Location{Scheme: u.Scheme, User: user, Host: u.Host, Path: u.Path}).checked()
}

// userOf is the user of an SSH URL. No other URL may have one.
func userOf(u *url.URL) (string, error) {
	if u.User == nil {
		return "", nil
	}
	_, password := u.User.Password()
	switch {
	case u.Scheme != "ssh":
		return "", errors.New("repository URL: user: credentials do not belong in the URL")
	case password:
		return "", errors.New("repository URL: password: credentials do not belong in the URL")
	case u.User.Username() == "":
		return "", errors.New("repository URL: user: empty")
	}
	return u.User.Username(), nil
}

func parseSCP(raw string) (*Location, error) {
	address, p, found := strings.Cut(raw, ":")
	if !found || strings.Contains(address, "/") {
		return nil, errors.New("repository URL: want https://host/path, ssh://user@host/path, user@host:path or an absolute path")
	}
	l := &Location{Scheme: "ssh", Host: address, Path: p, scp: true}
	if user, host, found := strings.Cut(address, "@"); found {
		l.User, l.Host = user, host
		if user == "" {
			return nil, errors.New("repository URL: user: empty")
		}
	}
	if strings.HasPrefix(p, ":") || strings.HasPrefix(p, "-") {
		return nil, errors.New("repository URL: path: starts with ':' or '-'")
	}
	return l.checked()
}

// checked normalises the host and the path and refuses what git or ssh might
// take for something else.
func (l *Location) checked() (*Location, error) {
	if l.User != "" && !userPattern.MatchString(l.User) {
		return nil, errors.New("repository URL: user: want letters, digits, '.', '_' and '-'")
	}
	if err := l.checkHost(); err != nil {
		return nil, fmt.Errorf("repository URL: host: %w", err)
	}
	p := strings.TrimRight(l.Path, "/")
	if p == "" {
		return nil, errors.New("repository URL: path: empty")
	}
	for segment := range strings.SplitSeq(p, "/") {
		if segment == ".." || segment == "." {
			return nil, fmt.Errorf("repository URL: path: has a segment %q", segment)
		}
	}
	if strings.ContainsFunc(p, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return nil, errors.New("repository URL: path: contains a control character")
	}
	if l.Scheme == "file" {
		p = path.Clean(p)
	}
	l.Path = p
	return l, nil
}

func (l *Location) checkHost() error {
	if l.Scheme == "file" {
		if l.Host != "" && l.Host != "localhost" {
			return fmt.Errorf("%q: want none in a file URL", l.Host)
		}
		l.Host = ""
		return nil
	}
	u := url.URL{Host: l.Host}
	name, port := strings.ToLower(u.Hostname()), u.Port()
	if l.scp {
		name, port = strings.ToLower(l.Host), ""
	}
	_, notIP := netip.ParseAddr(name)
	if !hostPattern.MatchString(name) && notIP != nil {
		return fmt.Errorf("%q: want a host name or an address", l.Host)
	}
	if n, err := strconv.Atoi(port); port != "" && (err != nil || n < 1 || n > 65535) {
		return fmt.Errorf("port %q: want 1 to 65535", port)
	}
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	if l.Host = name; port != "" && port != defaultPort[l.Scheme] {
		l.Host += ":" + port
	}
	return nil
}

// String is the URL as given to git.
func (l *Location) String() string {
	address := l.Host
	if l.User != "" {
		address = l.User + "@" + l.Host
	}
	switch {
	case l.Scheme == "file":
		return l.Path
	case l.scp:
		return address + ":" + l.Path
	}
	return l.Scheme + "://" + address + (&url.URL{Path: l.Path}).EscapedPath()
}

// base is the part of an HTTP URL that credentials are bound to.
func (l *Location) base() string { return l.Scheme + "://" + l.Host + "/" }

// SubmoduleURL is what the .gitmodules file of the repository at system says
// for the one at apps: relative ("../shopset-apps.git") when both are on the
// same scheme, host and user, absolute otherwise, never with credentials.
func SubmoduleURL(system, apps string) (string, error) {
	from, err := ParseURL(system)
	if err != nil {
		return "", fmt.Errorf("system repository: %w", err)
	}
	to, err := ParseURL(apps)
	if err != nil {
		return "", fmt.Errorf("apps repository: %w", err)
	}
	absolute := strings.HasPrefix(from.Path, "/")
	if from.Scheme != to.Scheme || from.Host != to.Host || from.User != to.User ||
		from.scp != to.scp || absolute != strings.HasPrefix(to.Path, "/") {
		return to.String(), nil
	}
	if from.Path == to.Path {
		return "", errors.New("apps repository: is the same as the system repository")
	}
	return relative(strings.Split(from.Path, "/"), strings.Split(to.Path, "/")), nil
}

// relative follows git's rule for submodules: each ".." takes one segment off
// the parent repository's own URL.
func relative(from, to []string) string {
	common := 0
	for common < len(from)-1 && common < len(to)-1 && from[common] == to[common] {
		common++
	}
	return strings.Repeat("../", len(from)-common) + strings.Join(to[common:], "/")
}
