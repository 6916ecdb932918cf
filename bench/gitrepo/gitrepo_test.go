// Package gitrepo_test measures internal/gitrepo against repositories of the
// size that users have, and holds it to what it promises. The generated apps
// repository has 20,000 commits and 1 GB of files that do not compress, so this
// runs only with -bench.
package gitrepo_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"shopset.dev/shopset/internal/githost"
	"shopset.dev/shopset/internal/gitrepo"
)

const (
	commits  = 20_000
	fileSize = 50_000 // 20,000 files of it make 1 GB
	// cloneLimit is the promise: a 1 GB apps repository costs less than 50 MB.
	cloneLimit = 50_000_000
)

func BenchmarkAppsRepository(b *testing.B) {
	host, err := githost.New(githost.Config{Root: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	if err := host.Create("apps"); err != nil {
		b.Fatal(err)
	}
	path, err := host.Path("apps")
	if err != nil {
		b.Fatal(err)
	}
	grow(b, path, 0, commits)
	if got := size(b, path); got < commits*fileSize {
		b.Fatalf("the generated repository has %d bytes, want 1 GB", got)
	}
	meter := githost.NewFaults(host)
	server := httptest.NewServer(meter)
	b.Cleanup(server.Close)
	apps := &apps{path: path, url: server.URL + "/apps.git", meter: meter, made: commits}
	apps.repository = apps.open(b, gitrepo.CommitsOnly)
	b.Run("Clone", apps.clone)
	b.Run("FetchOneCommit", apps.fetchOne)
	b.Run("FetchNothing", apps.fetchNothing)
	b.Run("History", apps.history)
	b.Run("RootEntries", apps.roots)
	b.Run("PushExistingCommit", apps.push)
	b.Run("LookForOneFile", apps.entry)
}

type apps struct {
	path, url  string
	meter      *githost.Faults
	made       int
	repository *gitrepo.Repository
}

func (a *apps) open(b *testing.B, filter string) *gitrepo.Repository {
	b.Helper()
	r, err := gitrepo.Open(b.Context(), b.TempDir(), gitrepo.Config{Remote: gitrepo.Remote{URL: a.url}, Filter: filter})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = r.Close() })
	fetch(b, r)
	return r
}

func fetch(b *testing.B, r *gitrepo.Repository) {
	b.Helper()
	if err := r.Fetch(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// received is what the server sent since the meter was reset, in bytes.
func (a *apps) received() int64 {
	var total int64
	for _, exchange := range a.meter.Exchanges() {
		total += exchange.ResponseBytes
	}
	return total
}

func (a *apps) tip(b *testing.B) gitrepo.OID {
	b.Helper()
	id, err := a.repository.ResolveRef(b.Context(), gitrepo.TrackingRef("tier-0"))
	if err != nil {
		b.Fatal(err)
	}
	return id
}

func (a *apps) clone(b *testing.B) {
	for range b.N {
		a.meter.Reset()
		r := a.open(b, gitrepo.CommitsOnly)
		disk := size(b, r.Dir())
		b.ReportMetric(float64(disk)/1e6, "disk-MB")
		b.ReportMetric(float64(a.received())/1e6, "wire-MB")
		if disk > cloneLimit {
			b.Errorf("the clone takes %d bytes, the limit is %d", disk, cloneLimit)
		}
	}
}

func (a *apps) fetchOne(b *testing.B) {
	for range b.N {
		b.StopTimer()
		grow(b, a.path, a.made, 1)
		a.made++
		a.meter.Reset()
		b.StartTimer()
		fetch(b, a.repository)
		if got := a.received(); got > 10_000 {
			b.Errorf("fetching one commit received %d bytes", got)
		}
	}
}

func (a *apps) fetchNothing(b *testing.B) {
	for range b.N {
		a.meter.Reset()
		fetch(b, a.repository)
		if got := a.received(); got > 2000 {
			b.Errorf("fetching nothing received %d bytes", got)
		}
	}
}

func (a *apps) history(b *testing.B) {
	tip := a.tip(b)
	for range b.N {
		got, err := a.repository.History(b.Context(), tip, 0)
		if err != nil || len(got) != a.made {
			b.Fatalf("history has %d commits, %v, want %d", len(got), err, a.made)
		}
	}
	perSecond(b, a.made)
}

func (a *apps) roots(b *testing.B) {
	history, err := a.repository.History(b.Context(), a.tip(b), 0)
	if err != nil {
		b.Fatal(err)
	}
	ids := make([]gitrepo.OID, len(history))
	for i, commit := range history {
		ids[i] = commit.OID
	}
	whole := a.open(b, gitrepo.WithoutBlobs)
	b.ResetTimer()
	for range b.N {
		roots, err := whole.RootEntries(b.Context(), ids...)
		if err != nil || len(roots) != len(ids) || len(roots[0]) != 50 {
			b.Fatalf("%d roots, %v", len(roots), err)
		}
	}
	perSecond(b, len(ids))
}

func perSecond(b *testing.B, n int) {
	b.Helper()
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

func (a *apps) push(b *testing.B) {
	history, err := a.repository.History(b.Context(), a.tip(b), 0)
	if err != nil {
		b.Fatal(err)
	}
	before := size(b, a.repository.Dir())
	for i := range b.N {
		ref := fmt.Sprintf("refs/shopset/releases/%d-%d", b.N, i)
		a.meter.Reset()
		update := gitrepo.RefUpdate{Ref: ref, New: history[(i*7919)%len(history)].OID}
		if err := a.repository.Push(b.Context(), []gitrepo.RefUpdate{update}, true); err != nil {
			b.Fatal(err)
		}
		var sent int64
		for _, exchange := range a.meter.Exchanges() {
			sent += exchange.RequestBytes
		}
		if sent > 1000 {
			b.Errorf("pushing a commit that the remote has sent %d bytes", sent)
		}
	}
	if grown := size(b, a.repository.Dir()) - before; grown > 10_000 {
		b.Errorf("pushing made the clone grow by %d bytes", grown)
	}
}

// entry looks for a file at the tip, as the controller does for the kustomization.
func (a *apps) entry(b *testing.B) {
	for range b.N {
		b.StopTimer()
		grow(b, a.path, a.made, 1)
		a.made++
		fetch(b, a.repository)
		a.meter.Reset()
		b.StartTimer()
		if _, found, err := a.repository.Entry(b.Context(), a.tip(b), "no/such/kustomization.yaml"); found || err != nil {
			b.Fatalf("found %v, %v", found, err)
		}
		if got := a.received(); got > 100_000 {
			b.Errorf("looking for one file received %d bytes", got)
		}
	}
}

// grow adds commits to tier-0, each with one new version of one of 2,500 files.
func grow(b *testing.B, path string, first, count int) {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), "git", "--git-dir="+path, "-c", "pack.compression=0", "-c", "core.compression=0", "fast-import", "--quiet")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + path, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	writeErr := writeCommits(stdin, first, count)
	if err := cmd.Wait(); err != nil || writeErr != nil {
		b.Fatalf("generating commits: %v, %v", err, writeErr)
	}
}

func writeCommits(to io.WriteCloser, first, count int) error {
	out := bufio.NewWriterSize(to, 1<<20)
	start := time.Date(2021, 11, 4, 0, 0, 0, 0, time.UTC).Unix()
	for i := first; i < first+count; i++ {
		message := fmt.Sprintf("Change %d\n\nTicket: SHOP-%d\n", i, i)
		fmt.Fprintf(out, "commit refs/heads/tier-0\ncommitter Mia <mia@example.com> %d +0000\ndata %d\n%s\n", start+int64(i)*60, len(message), message)
		if i == first && first > 0 {
			out.WriteString("from refs/heads/tier-0^0\n")
		}
		fmt.Fprintf(out, "M 100644 inline app%d/file%d.yaml\ndata %d\n", i%50, i%2500, fileSize)
		content := rand.NewChaCha8([32]byte{byte(i), byte(i >> 8), byte(i >> 16)})
		if _, err := io.CopyN(out, content, fileSize); err != nil {
			return err
		}
		out.WriteString("\n")
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return to.Close()
}

// size is what a directory takes on disk, in bytes of its files.
func size(b *testing.B, dir string) int64 {
	b.Helper()
	var total int64
	err := filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return total
}
