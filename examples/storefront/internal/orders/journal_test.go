package orders

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"example.shop/storefront/internal/contract"
)

func open(t *testing.T, path string) *journal {
	t.Helper()
	j, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.close() })
	return j
}

func put(t *testing.T, j *journal, order contract.Order) bool {
	t.Helper()
	_, created, err := j.put(order)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

func TestOrdersOutliveTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made", "dev.jsonl")
	first := contract.Order{ID: "A", Shop: "hoge.example.com", Total: 2400}
	second := contract.Order{ID: "B", Shop: "fuga.example.com", Total: 900}
	j := open(t, path)
	put(t, j, first)
	put(t, j, second)
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, path)
	got, err := j.newest(10)
	if err != nil {
		t.Fatal(err)
	}
	if want := []contract.Order{second, first}; !reflect.DeepEqual(got, want) {
		t.Errorf("after a restart: %v, want %v", got, want)
	}
	if newest, err := j.newest(1); err != nil || len(newest) != 1 || newest[0].ID != "B" {
		t.Errorf("the newest one: %v (%v), want B", newest, err)
	}
}

func TestAnOrderIsStoredOnceHoweverOftenItIsPut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dev.jsonl")
	j := open(t, path)
	if !put(t, j, contract.Order{ID: "A", Total: 1}) || put(t, j, contract.Order{ID: "A", Total: 2}) {
		t.Error("want the first put to create and the second not to")
	}
	j = open(t, path)
	if put(t, j, contract.Order{ID: "A", Total: 3}) {
		t.Error("put again after a restart, the order is created again")
	}
	if order, found, err := j.get("A"); err != nil || !found || order.Total != 1 {
		t.Errorf("stored: %v, %t, %v; want the first one", order, found, err)
	}
}

func TestALineThatWasNeverFinishedIsCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dev.jsonl")
	whole := `{"id":"A"}` + "\n"
	torn := `{"id":"B","name":"` + strings.Repeat("x", 1000) // longer than what follows it
	if err := os.WriteFile(path, []byte(whole+torn), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, path)
	if data, err := os.ReadFile(path); err != nil || string(data) != whole {
		t.Errorf("the file holds %d bytes (%v), want only the whole line of %d", len(data), err, len(whole))
	}
	put(t, open(t, path), contract.Order{ID: "C"})
	got, err := open(t, path).newest(10)
	if err != nil || len(got) != 2 || got[0].ID != "C" || got[1].ID != "A" {
		t.Errorf("orders %v (%v), want C and A", got, err)
	}
}

func TestAFileThatHoldsSomethingElseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dev.jsonl")
	if err := os.WriteFile(path, []byte("not an order\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openJournal(path); err == nil {
		t.Error("opened, want an error")
	}
}
