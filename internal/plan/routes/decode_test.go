package routes

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sums makes the index anew, as the person would who edited a file.
func sums(files map[string][]byte) {
	index := "# epoch 8\n"
	for _, name := range sortedNames(files) {
		if name != IndexFile {
			index += fmt.Sprintf("%x  %s\n", sha256.Sum256(files[name]), name)
		}
	}
	files[IndexFile] = []byte(index)
}

func TestDecodeNamesWhatIsWrong(t *testing.T) {
	edit := func(file, old, new string) func(map[string][]byte) {
		return func(files map[string][]byte) {
			files[file] = bytes.Replace(files[file], []byte(old), []byte(new), 1)
			sums(files)
		}
	}
	const hosts, groups = "hosts-0000.txt", "groups-0000.txt"
	tests := map[string]struct {
		change func(map[string][]byte)
		want   string // empty: it is good
	}{
		"an edit by hand":              {edit(groups, "a-2,b-1", "b-1,a-2"), ""},
		"a README beside":              {func(f map[string][]byte) { f["README"] = []byte("hello"); sums(f) }, ""},
		"no line end at the end":       {func(f map[string][]byte) { f[hosts] = bytes.TrimSuffix(f[hosts], []byte("\n")); sums(f) }, ""},
		"a file that was changed":      {func(f map[string][]byte) { f[hosts] = append(f[hosts], "x y z\n"...) }, "hosts-0000.txt: is not the file that SHA256SUMS lists"},
		"a file that is missing":       {func(f map[string][]byte) { delete(f, groups) }, "groups-0000.txt: is missing"},
		"a file that is too long":      {func(f map[string][]byte) { f[groups] = make([]byte, MaxFile+1); sums(f) }, "more than 204800"},
		"no index":                     {func(f map[string][]byte) { delete(f, IndexFile) }, "SHA256SUMS: the epoch is missing"},
		"an index of something else":   {func(f map[string][]byte) { f[IndexFile] = []byte("# epoch 1\nhello\n") }, "SHA256SUMS line 2: \"hello\" is not what sha256sum prints"},
		"an index without the classes": {func(f map[string][]byte) { delete(f, ClassesFile); sums(f) }, "does not list classes.txt"},
		"an index with a gap":          {func(f map[string][]byte) { f["hosts-0002.txt"] = nil; sums(f) }, "does not list hosts-0001.txt"},
		"an index with three shards":   {func(f map[string][]byte) { f["hosts-0001.txt"], f["hosts-0002.txt"] = nil, nil; sums(f) }, "no power of two"},
		"an epoch that is none":        {func(f map[string][]byte) { f[IndexFile] = []byte("# epoch soon\n") }, "line 1: # epoch \"soon\": no number"},
		"a count that is wrong": {func(f map[string][]byte) {
			f[IndexFile] = bytes.Replace(f[IndexFile], []byte("hosts=3"), []byte("hosts=4"), 1)
		}, "the files have \"hosts=3"},
		"a host whose group is gone":            {edit(groups, "standard/0a a-2\n", ""), "hosts-0000.txt line 3: host hoge.shop.example names group standard/0a"},
		"a group whose ShopSet is gone":         {edit(ShopSetsFile, "b-1 prod - - Drained -\n", ""), "groups-0000.txt line 2: group gold/@mueller names ShopSet b-1"},
		"rows out of order":                     {edit(hosts, "fuga", "zzzz"), "line 3: \"hoge.shop.example\" is after \"zzzz.shop.example\"; sort the rows"},
		"a row twice":                           {edit(groups, "standard/0a", "standard/0b"), "is there twice"},
		"an empty line":                         {edit(hosts, "hoge", "\nhoge"), "line 3: the line is empty; delete it"},
		"a comment in the middle":               {edit(hosts, "hoge", "# moved\nhoge"), "a comment below the first row"},
		"Windows line ends":                     {edit(groups, "a-2\n", "a-2\r\n"), "carriage return"},
		"a tab":                                 {edit(groups, "standard/0a a-2", "standard/0a\ta-2"), "control character '\\t'"},
		"two blanks":                            {edit(groups, "standard/0a a-2", "standard/0a  a-2"), "is not of the form"},
		"a setting that nobody knows":           {edit(ClassesFile, "rate=50", "speed=50"), "\"speed=50\" is not one of the settings"},
		"a time without a unit":                 {edit(ClassesFile, "connect=500ms", "connect=500"), "is no time such as 500ms"},
		"a row in the wrong shard":              {func(f map[string][]byte) { f["hosts-0001.txt"] = f[hosts]; sums(f) }, "belongs into hosts-000"},
		"an address that would be another line": {edit(ShopSetsFile, "127.0.0.5:8080", "127.0.0.5:8080;"), "has no port"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			files := encode(t, small())
			test.change(files)
			_, err := Decode(files)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestSha256sumAgrees(t *testing.T) {
	program, err := exec.LookPath("sha256sum")
	if err != nil {
		t.Skip("no sha256sum on this machine")
	}
	folder := t.TempDir()
	for name, content := range encode(t, small()) {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), program, "--strict", "-c", IndexFile)
	command.Dir = folder
	if output, err := command.CombinedOutput(); err != nil || strings.Count(string(output), ": OK") != 4 {
		t.Errorf("%v\n%s", err, output)
	}
	// The other way round, as the package comment says.
	shell := exec.CommandContext(t.Context(), "sh", "-c",
		"(grep '^#' SHA256SUMS; sha256sum hosts-*.txt groups-*.txt shopsets.txt classes.txt) > sums && mv sums SHA256SUMS")
	shell.Dir = folder
	if output, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	index, err := os.ReadFile(filepath.Join(folder, IndexFile))
	if err != nil {
		t.Fatal(err)
	}
	files := encode(t, small())
	files[IndexFile] = index
	if _, err := Decode(files); err != nil {
		t.Errorf("%v\n%s", err, index)
	}
}

func FuzzDecode(f *testing.F) {
	files, err := Encode(small())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(files["hosts-0000.txt"]), string(files["groups-0000.txt"]), string(files[ShopSetsFile]), string(files[ClassesFile]), "# epoch 1\n")
	f.Add("a b/c d\n", "b/c a,b", "a b - - Active -\nb b - - Active [::]:1\n", "c rate=1", "# epoch 2\n# shrunk\n# rows hosts=1 groups=1 shopsets=2 classes=1\n")
	f.Fuzz(func(t *testing.T, hosts, groups, shopSets, classes, comments string) {
		files := map[string][]byte{
			"hosts-0000.txt": []byte(hosts), "groups-0000.txt": []byte(groups), ShopSetsFile: []byte(shopSets), ClassesFile: []byte(classes),
		}
		index := comments
		for _, name := range sortedNames(files) {
			index += fmt.Sprintf("%x  %s\n", sha256.Sum256(files[name]), name)
		}
		files[IndexFile] = []byte(index)
		table, err := Decode(files)
		if err != nil {
			return
		}
		again, err := Encode(table)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		back, err := Decode(again)
		if err != nil || !Diff(table, back).Empty() {
			t.Fatalf("what was written is not what was read: %v", err)
		}
	})
}
