package gitrepo_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopset.dev/shopset/internal/gitrepo"
)

func TestParseURL(t *testing.T) {
	type location = gitrepo.Location
	cases := map[string]struct {
		want   location
		text   string
		refuse string // the part that the error names
	}{
		"https://Git.Example.com/org/system.git":  {want: location{Scheme: "https", Host: "git.example.com", Path: "/org/system.git"}, text: "https://git.example.com/org/system.git"},
		"https://git.example.com:443/system/":     {want: location{Scheme: "https", Host: "git.example.com", Path: "/system"}, text: "https://git.example.com/system"},
		"http://127.0.0.1:8080/a%20b.git":         {want: location{Scheme: "http", Host: "127.0.0.1:8080", Path: "/a b.git"}, text: "http://127.0.0.1:8080/a%20b.git"},
		"http://[::1]:8080/x":                     {want: location{Scheme: "http", Host: "[::1]:8080", Path: "/x"}, text: "http://[::1]:8080/x"},
		"ssh://git@git.example.com:22/org/x.git":  {want: location{Scheme: "ssh", User: "git", Host: "git.example.com", Path: "/org/x.git"}, text: "ssh://git@git.example.com/org/x.git"},
		"ssh://git.example.com/~mia/x.git":        {want: location{Scheme: "ssh", Host: "git.example.com", Path: "/~mia/x.git"}, text: "ssh://git.example.com/~mia/x.git"},
		"git@git.example.com:org/x.git":           {want: location{Scheme: "ssh", User: "git", Host: "git.example.com", Path: "org/x.git"}, text: "git@git.example.com:org/x.git"},
		"git.example.com:/srv/x.git":              {want: location{Scheme: "ssh", Host: "git.example.com", Path: "/srv/x.git"}, text: "git.example.com:/srv/x.git"},
		"/srv/git/x.git/":                         {want: location{Scheme: "file", Path: "/srv/git/x.git"}, text: "/srv/git/x.git"},
		"file:///srv/git/x.git":                   {want: location{Scheme: "file", Path: "/srv/git/x.git"}, text: "/srv/git/x.git"},
		"":                                        {refuse: "empty"},
		"system.git":                              {refuse: "want https://"},
		"./system.git":                            {refuse: "want https://"},
		"https://":                                {refuse: "host"},
		"https:///x":                              {refuse: "host"},
		"https://git.example.com":                 {refuse: "path"},
		"https://git.example.com/":                {refuse: "path"},
		"https://git.example.com/a/../b":          {refuse: "path"},
		"https://git.example.com:99999/x":         {refuse: "port"},
		"https://git.example.com:/x":              {refuse: "port"},
		"https://git.example.com:a/x":             {refuse: "port"},
		"https://-x.example.com/x":                {refuse: "host"},
		"https://mia@git.example.com/x":           {refuse: "user"},
		"https://mia:s3cret@git.example.com/x":    {refuse: "credentials"},
		"https://mia:s3cret%zz@git.example.com/x": {refuse: "malformed"},
		"ssh://mia:s3cret@git.example.com/x":      {refuse: "password"},
		"ssh://-oProxyCommand=x/y":                {refuse: "host"},
		"ssh://-x@git.example.com/y":              {refuse: "user"},
		"-oProxyCommand=x:y":                      {refuse: "host"},
		"git@-x:y":                                {refuse: "host"},
		"@git.example.com:y":                      {refuse: "user"},
		"git@git.example.com:-x":                  {refuse: "path"},
		"git@git.example.com:":                    {refuse: "path"},
		"https://git.example.com/x?a=b":           {refuse: "query"},
		"https://git.example.com/x#y":             {refuse: "fragment"},
		"git://git.example.com/x":                 {refuse: "scheme"},
		"ext::sh -c date":                         {refuse: "space"},
		"ext::date":                               {refuse: "path"},
		"https://git.example.com/x\n--y":          {refuse: "control"},
		"https://git.example.com/x%0a--y":         {refuse: "control"},
		"file://git.example.com/x":                {refuse: "host"},
		"/":                                       {refuse: "path"},
		"--upload-pack=x":                         {refuse: "want https://"},
	}
	for raw, tc := range cases {
		t.Run(raw, func(t *testing.T) {
			got, err := gitrepo.ParseURL(raw)
			if tc.refuse != "" {
				if err == nil || !strings.Contains(err.Error(), tc.refuse) || strings.Contains(err.Error(), "s3cret") {
					t.Errorf("ParseURL = %v, %v, want an error about %q", got, err, tc.refuse)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tc.want, got, cmpopts.IgnoreUnexported(location{})); diff != "" {
				t.Errorf("location (-want +got):\n%s", diff)
			}
			if got.String() != tc.text {
				t.Errorf("String = %q, want %q", got.String(), tc.text)
			}
			again, err := gitrepo.ParseURL(got.String())
			if err != nil || again.String() != tc.text {
				t.Errorf("parsing %q again = %v, %v", tc.text, again, err)
			}
		})
	}
}

// Whatever SubmoduleURL says, git must make the apps repository's URL of it.
func TestSubmoduleURLIsResolvedByGitToTheAppsRepository(t *testing.T) {
	cases := map[string]struct{ system, apps, want string }{
		"side by side":         {"https://git.example.com/org/system.git", "https://git.example.com/org/apps.git", "../apps.git"},
		"at the root":          {"https://git.example.com/system.git", "https://git.example.com/apps.git", "../apps.git"},
		"port":                 {"http://127.0.0.1:8080/system.git", "http://127.0.0.1:8080/apps.git", "../apps.git"},
		"another organisation": {"https://git.example.com/one/system.git", "https://git.example.com/two/apps.git", "../../two/apps.git"},
		"nested deeper":        {"https://git.example.com/org/system.git", "https://git.example.com/org/team/apps.git", "../team/apps.git"},
		"nested less":          {"https://git.example.com/org/team/system.git", "https://git.example.com/org/apps.git", "../../apps.git"},
		"apps above system":    {"https://git.example.com/org/system.git", "https://git.example.com/org", "../../org"},
		"another host":         {"https://a.example.com/org/system.git", "https://b.example.com/org/apps.git", "https://b.example.com/org/apps.git"},
		"another port":         {"http://a.example.com/org/system.git", "http://a.example.com:81/org/apps.git", "http://a.example.com:81/org/apps.git"},
		"another scheme":       {"ssh://git@a.example.com/system.git", "https://a.example.com/apps.git", "https://a.example.com/apps.git"},
		"another user":         {"ssh://git@a.example.com/system.git", "ssh://mia@a.example.com/apps.git", "ssh://mia@a.example.com/apps.git"},
		"ssh":                  {"ssh://git@a.example.com/org/system.git", "ssh://git@a.example.com/org/apps.git", "../apps.git"},
		"scp-like":             {"git@a.example.com:org/system.git", "git@a.example.com:org/apps.git", "../apps.git"},
		"scp-like, at home":    {"git@a.example.com:system.git", "git@a.example.com:apps.git", "../apps.git"},
		"scp-like, two orgs":   {"git@a.example.com:one/system.git", "git@a.example.com:two/apps.git", "../../two/apps.git"},
		"scp-like and ssh":     {"git@a.example.com:org/system.git", "ssh://git@a.example.com/org/apps.git", "ssh://git@a.example.com/org/apps.git"},
		"files":                {"/srv/git/system.git", "/srv/git/apps.git", "../apps.git"},
		"files far apart":      {"/srv/git/system.git", "/home/mia/apps.git", "../../../home/mia/apps.git"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := gitrepo.SubmoduleURL(tc.system, tc.apps)
			if err != nil || got != tc.want {
				t.Fatalf("SubmoduleURL = %q, %v, want %q", got, err, tc.want)
			}
			if resolved := resolve(t, tc.system, got); resolved != tc.apps {
				t.Errorf("git resolves %q to %q, want %q", got, resolved, tc.apps)
			}
		})
	}
	if got, err := gitrepo.SubmoduleURL("/srv/x.git", "/srv/x.git/"); err == nil {
		t.Errorf("SubmoduleURL of a repository to itself = %q", got)
	}
	if got, err := gitrepo.SubmoduleURL("https://git.example.com/system.git", "https://u:s3cret@git.example.com/apps.git"); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("SubmoduleURL with credentials = %q, %v", got, err)
	}
}

// resolve asks git what a submodule's URL means in a clone of the system repository.
func resolve(t *testing.T, system, submodule string) string {
	t.Helper()
	dir := t.TempDir()
	work := func(args ...string) string {
		return git(t, dir+"/.git", nil, append([]string{"--work-tree=" + dir, "-C", dir}, args...)...)
	}
	work("init", "--quiet")
	work("remote", "add", "origin", system)
	if err := os.WriteFile(dir+"/.gitmodules", []byte("[submodule \"base\"]\n\tpath = base\n\turl = "+submodule+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	work("update-index", "--add", "--cacheinfo", "160000,"+string(someCommit)+",base")
	work("submodule", "--quiet", "init", "base")
	return work("config", "submodule.base.url")
}
