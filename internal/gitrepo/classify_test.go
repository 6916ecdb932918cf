package gitrepo

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestClassifyWhatServersAndLibrariesPrint(t *testing.T) {
	cases := map[string]struct {
		stderr string
		remote bool
		want   error
	}{
		"OpenSSL, unknown authority": {"fatal: unable to access 'https://h/x/': SSL certificate problem: unable to get local issuer certificate", true, ErrTLS},
		"GnuTLS, unknown authority":  {"fatal: unable to access 'https://h/x/': server certificate verification failed. CAfile: none CRLfile: none", true, ErrTLS},
		"another name":               {"fatal: unable to access 'https://h/x/': SSL: no alternative certificate subject name matches target host name 'h'", true, ErrTLS},
		"no password":                {"fatal: could not read Username for 'https://h': terminal prompts disabled", true, ErrAuth},
		"hidden repository":          {"remote: Repository not found.\nfatal: repository 'https://h/x/' not found", true, ErrNotFound},
		"key refused":                {"git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.", true, ErrAuth},
		"host key changed":           {"@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\nfatal: Could not read from remote repository.", true, ErrAuth},
		"host key unknown":           {"No ED25519 host key is known for h and you have requested strict checking.\nHost key verification failed.", true, ErrAuth},
		"ssh without DNS":            {"ssh: Could not resolve hostname h: Name or service not known\nfatal: Could not read from remote repository.", true, ErrUnreachable},
		"ssh refused":                {"ssh: connect to host h port 22: Connection refused\nfatal: Could not read from remote repository.", true, ErrUnreachable},
		"DNS":                        {"fatal: unable to access 'https://h/x/': Could not resolve host: h", true, ErrUnreachable},
		"stalled":                    {"error: RPC failed; curl 28 Operation too slow. Less than 1 bytes/sec transferred the last 60 seconds", true, ErrUnreachable},
		"bad gateway":                {"fatal: unable to access 'https://h/x/': The requested URL returned error: 502", true, ErrUnreachable},
		"HTTP/2 stream":              {"error: RPC failed; curl 92 HTTP/2 stream 0 was not closed cleanly: CANCEL (err 8)\nfatal: early EOF\nfatal: fetch-pack: invalid index-pack output", true, ErrUnreachable},
		"damaged pack":               {"error: packfile ./objects/pack/pack-1.pack does not match index", false, ErrCorrupt},
		"damaged object":             {"error: inflate: data stream error (incorrect header check)\nerror: unable to unpack 1 header\nfatal: loose object 1 (stored in ./objects/1) is corrupt", false, ErrCorrupt},
		"damage at the server":       {"remote: fatal: loose object 1 is corrupt", true, nil},
		"no such object":             {"fatal: bad object 1111111111111111111111111111111111111111", false, ErrMissingObject},
		"the disk is full":           {"fatal: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output\nfatal: early EOF", true, nil},
		"out of memory":              {"error: index-pack died of signal 9\nfatal: index-pack failed", true, nil},
		"something new":              {"fatal: the moon is full", true, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := classify(tc.stderr, tc.remote); !errors.Is(got, tc.want) {
				t.Errorf("classify = %v, want %v", got, tc.want)
			}
		})
	}
}

func TestClassifyRefs(t *testing.T) {
	cases := map[string]error{
		"[rejected] (non-fast-forward)":                               ErrConflict,
		"[rejected] (fetch first)":                                    ErrConflict,
		"[rejected] (stale info)":                                     ErrConflict,
		"[rejected] (already exists)":                                 ErrConflict,
		"[remote rejected] (cannot lock ref 'refs/heads/x': is at 1)": errRemoteRace,
		"[remote rejected] (failed to update ref)":                    errRemoteRace,
		"[remote rejected] (incorrect old value provided)":            errRemoteRace,
		"[remote rejected] (reference already exists)":                errRemoteRace,
		"[rejected] (atomic push failed)":                             errAborted,
		"[remote rejected] (protected branch hook declined)":          ErrRejected,
		"[remote rejected] (pre-receive hook declined)":               ErrRejected,
		"[remote rejected] (branch is currently checked out)":         ErrRejected,
		"[remote rejected] (missing necessary objects)":               ErrMissingObject,
		"[remote failure] (remote failed to report status)":           nil,
		"[remote rejected] (unpacker error)":                          nil,
	}
	for summary, want := range cases {
		if got := classifyRef(summary); !errors.Is(got, want) {
			t.Errorf("classifyRef(%q) = %v, want %v", summary, got, want)
		}
	}
}

func TestRefOutcomesAreKnownOnlyWhenAllAre(t *testing.T) {
	updates := []RefUpdate{{Ref: "refs/heads/a"}, {Ref: "refs/heads/b"}}
	moved, refused := " \t1:refs/heads/a\t1..2\n", "!\t1:refs/heads/b\t[remote rejected] (hook declined)\n"
	lost := "!\t1:refs/heads/b\t[remote failure] (remote failed to report status)\n"
	for name, tc := range map[string]struct {
		out  string
		want bool
	}{
		"both told":   {"To x\n" + moved + refused + "Done\n", true},
		"one told":    {"To x\n" + moved, false},
		"one is lost": {"To x\n" + moved + lost, false},
		"none":        {"", false},
	} {
		if _, known := readPorcelain(tc.out, updates); known != tc.want {
			t.Errorf("%s: known = %v, want %v", name, known, tc.want)
		}
	}
}

func TestExcerptKeepsBothEnds(t *testing.T) {
	e := &excerpt{}
	for i := range 5000 {
		if _, err := fmt.Fprintf(e, "line %d\n", i); err != nil {
			t.Fatal(err)
		}
	}
	got := e.String()
	if len(got) != 2*excerptHalf || !strings.HasPrefix(got, "line 0\n") || !strings.HasSuffix(got, "line 4999\n") {
		t.Errorf("kept %d bytes, from %.20q", len(got), got)
	}
	if s := summary(got); len(s) > summaryLimit+8 || !strings.Contains(s, "line 4999") {
		t.Errorf("summary has %d bytes", len(s))
	}
}

func TestParseTrailers(t *testing.T) {
	cases := map[string]struct {
		message string
		want    []Trailer
	}{
		"none":                       {"Subject\n\nWords.\n", nil},
		"the subject is no trailer":  {"fix: this\n", nil},
		"one":                        {"Subject\n\nRelease: abc\n", []Trailer{{"Release", "abc"}}},
		"folded":                     {"S\n\nReason: a\n  b\nActor: c\n", []Trailer{{"Reason", "a b"}, {"Actor", "c"}}},
		"with Windows line ends":     {"S\r\n\r\nA: b\r\n", []Trailer{{"A", "b"}}},
		"words among them":           {"S\n\nA: b\nand more words\n", nil},
		"cherry-picked":              {"S\n\nA: b\n(cherry picked from commit 1)\n", []Trailer{{"A", "b"}}},
		"only the last paragraph":    {"S\n\nA: b\n\nC: d\n", []Trailer{{"C", "d"}}},
		"empty value":                {"S\n\nA:\n", []Trailer{{"A", ""}}},
		"a folded line at the start": {"S\n\n  folded\nA: b\n", nil},
		"a URL":                      {"S\n\nhttps://example.com/x\n", []Trailer{{"https", "//example.com/x"}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, parseTrailers(tc.message)); diff != "" {
				t.Errorf("trailers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseCommitOfOthers(t *testing.T) {
	const tree, parent = "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "1111111111111111111111111111111111111111"
	data := "tree " + tree + "\nparent " + parent + "\nparent " + parent + "\nauthor M\xefa <m@x> 1636027200 +0900\n" +
		"committer GitHub <noreply@x> -5 +0000\ngpgsig -----BEGIN\n \n tree 0\n -----END\nencoding latin1\n\nMerge\nthis\n\nA: b\n"
	c, err := parseCommit(parent, []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	if c.Tree != tree || len(c.Parents) != 2 || c.Subject != "Merge this" || c.Trailer("a") != "b" ||
		c.Author.Name != "M\uFFFDa" || c.Author.When.Unix() != 1636027200 || c.Committer.When.Unix() != -5 {
		t.Errorf("commit = %+v", c)
	}
	for name, bad := range map[string]string{"no tree": "author x\n\nm", "a bad tree": "tree x\n\nm", "nothing": ""} {
		if _, err := parseCommit(parent, []byte(bad)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: error = %v, want ErrCorrupt", name, err)
		}
	}
}

func FuzzParseTree(f *testing.F) {
	f.Add([]byte("100644 a\x0012345678901234567890" + "40000 b\x0012345678901234567890"))
	f.Add([]byte("100644 a\x00123"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := parseTree(data)
		if err != nil {
			return
		}
		for name, entry := range entries {
			if entry.OID.check() != nil {
				t.Errorf("entry %q has id %q", name, entry.OID)
			}
		}
	})
}

func FuzzParseTrailers(f *testing.F) {
	f.Add("Subject\n\nKey: value\n\tmore\n")
	f.Add("S\n\n\n\nA:b\n")
	f.Fuzz(func(t *testing.T, message string) {
		for _, trailer := range parseTrailers(message) {
			if !trailerKey.MatchString(trailer.Key) {
				t.Errorf("key %q", trailer.Key)
			}
		}
	})
}
