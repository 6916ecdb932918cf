package render

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/internal/plan/objectid"
)

func TestDecide(t *testing.T) {
	mustSeal := func(input, body string) File {
		f, err := sealed("a test", input, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	ours := mustSeal("spec 1", "replicas: 1\n")
	newerRenderer := mustSeal("spec 1", "replicas: 1\nlabels: {}\n")
	changedObject := mustSeal("spec 2", "replicas: 2\n")
	edited := []byte(strings.Replace(string(ours.Body), "replicas: 1", "replicas: 7", 1))
	tests := map[string]struct {
		have Existing
		want File
		turn bool
		out  Verdict
	}{
		"a new object is written":                                    {Existing{}, ours, false, Write},
		"what is there is left alone":                                {Existing{Found: true, Content: ours.Body}, ours, true, Same},
		"a changed object is written at any time":                    {Existing{Found: true, Content: ours.Body}, changedObject, false, Write},
		"a newer renderer waits for its turn":                        {Existing{Found: true, Content: ours.Body}, newerRenderer, false, KeepOlder},
		"a newer renderer writes at its turn":                        {Existing{Found: true, Content: ours.Body}, newerRenderer, true, Write},
		"a person's edit stays":                                      {Existing{Found: true, Content: edited}, ours, false, KeepEdited},
		"a person's edit stays even at the turn":                     {Existing{Found: true, Content: edited}, newerRenderer, true, KeepEdited},
		"a person's edit yields to a changed object":                 {Existing{Found: true, Content: edited}, changedObject, false, Write},
		"a file a person wrote before the object was there stays":    {Existing{Found: true, Content: []byte("x: 1\n")}, ours, true, KeepEdited},
		"a file a person wrote anew yields when the object changes":  {Existing{Found: true, Content: []byte("x: 1\n"), LastInput: ours.Input}, changedObject, false, Write},
		"a file a person wrote anew stays while the object is same":  {Existing{Found: true, Content: []byte("x: 1\n"), LastInput: ours.Input}, ours, true, KeepEdited},
		"a file a person removed stays away":                         {Existing{LastInput: ours.Input}, ours, true, KeepRemoved},
		"a file a person removed comes back when the object changes": {Existing{LastInput: ours.Input}, changedObject, false, Write},
		"a body cut short after its seal counts as a person's doing": {Existing{Found: true, Content: ours.Body[:len(ours.Body)-3]}, ours, true, KeepEdited},
		"an empty file counts as a person's doing":                   {Existing{Found: true, Content: []byte{}}, ours, true, KeepEdited},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Decide(tc.have, tc.want, tc.turn); got != tc.out {
				t.Errorf("got %s, want %s", got, tc.out)
			}
		})
	}
}

func TestMergeTouchesNothingOfOthers(t *testing.T) {
	a, err := sealed("a", 1, []byte("a: 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	blob := func(s string) Blob { return Blob{OID: objectid.Blob([]byte(s)), Content: []byte(s)} }
	have := map[string]Blob{
		"overlays/a/kustomization.yaml":       blob("# old\n"),
		"overlays/moved/kustomization.yaml":   blob("x"),
		"overlays/by-hand/kustomization.yaml": blob("y"),
		"overlays/moved-not/k.yaml":           blob("z"),
		"services/logs/kustomization.yaml":    blob("mine"),
	}
	want := Want{
		Files:      Tree{"overlays/a/kustomization.yaml": a, "overlays/new/kustomization.yaml": a},
		Remove:     []string{"overlays/moved", "overlays/never-was"},
		Remembered: map[string]string{"overlays/a/kustomization.yaml": "0000000000000000"},
	}
	m := Merge(have, want)
	wantChanges := []Change{
		{Path: "overlays/a/kustomization.yaml", Body: a.Body},
		{Path: "overlays/moved/kustomization.yaml"},
		{Path: "overlays/new/kustomization.yaml", Body: a.Body},
	}
	if diff := cmp.Diff(wantChanges, m.Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	// Merging once more what the changes made must change nothing.
	again := map[string]Blob{}
	for p, b := range have {
		again[p] = b
	}
	for _, c := range m.Changes {
		if c.Body == nil {
			delete(again, c.Path)
			continue
		}
		again[c.Path] = Blob{OID: objectid.Blob(c.Body), Content: c.Body}
	}
	if m := Merge(again, want); len(m.Changes) != 0 {
		t.Errorf("merging twice changes again: %v", m.Changes)
	}
	ids := map[string]objectid.Entry{}
	for p, b := range again {
		ids[p] = objectid.Entry{ID: b.OID}
	}
	if !maps.Equal(ids, m.Files) {
		t.Errorf("the files after the changes are not as announced (-want +got):\n%s", cmp.Diff(ids, m.Files))
	}
}

func FuzzSeal(f *testing.F) {
	f.Add([]byte("a: 1\n"), 3)
	f.Fuzz(func(t *testing.T, body []byte, at int) {
		file, err := sealed("x", body, body)
		if err != nil {
			t.Fatal(err)
		}
		if in, intact, found := seal(file.Body); !found || !intact || in != file.Input {
			t.Fatalf("a fresh seal reads as input=%s intact=%v found=%v", in, intact, found)
		}
		head := len(file.Body) - len(body)
		if len(body) == 0 {
			return
		}
		broken := append([]byte{}, file.Body...)
		broken[head+((at%len(body))+len(body))%len(body)] ^= 1
		if _, intact, _ := seal(broken); intact {
			t.Fatal("an edited body passes for intact")
		}
	})
}
