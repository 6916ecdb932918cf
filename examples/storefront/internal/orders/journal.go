package orders

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"example.shop/storefront/internal/contract"
)

// journal is a file of orders, one JSON object a line, that only grows. In
// memory it keeps where each order is, not the orders.
type journal struct {
	mu    sync.Mutex
	file  *os.File
	size  int64
	byID  map[string]span
	spans []span // in the order of arrival
}

// span is the place of one line in the file, in bytes.
type span struct {
	offset int64
	length int
}

// openJournal opens or creates the file at path and finds the orders in it. A
// last line without its end was never acknowledged and is cut off.
func openJournal(path string) (*journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the orders: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the orders: %w", err)
	}
	j := &journal{file: file, byID: map[string]span{}}
	if err := j.load(); err != nil {
		_ = file.Close() // nothing was written; the other error is the one to tell
		return nil, fmt.Errorf("reading the orders in %s: %w", path, err)
	}
	return j, nil
}

func (j *journal) load() error {
	lines := bufio.NewReader(j.file)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return j.file.Truncate(j.size)
		}
		if err != nil {
			return err
		}
		var order contract.Order
		if err := json.Unmarshal(line, &order); err != nil {
			return fmt.Errorf("byte %d: %w", j.size, err)
		}
		j.note(order.ID, len(line))
	}
}

// put appends an order unless there is one with its id; it returns the one
// that is stored and whether it is new. It is on disk when put returns.
func (j *journal) put(order contract.Order) (stored contract.Order, created bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if at, ok := j.byID[order.ID]; ok {
		stored, err = j.read(at)
		return stored, false, err
	}
	line, err := json.Marshal(order)
	if err != nil {
		return order, false, err
	}
	if err := j.append(append(line, '\n')); err != nil {
		return order, false, fmt.Errorf("storing order %s: %w", order.ID, err)
	}
	j.note(order.ID, len(line)+1)
	return order, true, nil
}

func (j *journal) append(line []byte) error {
	_, err := j.file.WriteAt(line, j.size)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		// What may be half written must not be followed by another line.
		return errors.Join(err, j.file.Truncate(j.size))
	}
	return nil
}

func (j *journal) note(id string, length int) {
	at := span{offset: j.size, length: length}
	j.byID[id] = at
	j.spans = append(j.spans, at)
	j.size += int64(length)
}

func (j *journal) get(id string) (order contract.Order, found bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	at, ok := j.byID[id]
	if !ok {
		return order, false, nil
	}
	order, err = j.read(at)
	return order, true, err
}

// newest returns up to limit orders, the newest first.
func (j *journal) newest(limit int) ([]contract.Order, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	orders := []contract.Order{}
	for i := len(j.spans) - 1; i >= 0 && len(orders) < limit; i-- {
		order, err := j.read(j.spans[i])
		if err != nil {
			return nil, err
		}
		orders = append(orders, order)
	}
	return orders, nil
}

func (j *journal) read(at span) (order contract.Order, err error) {
	line := make([]byte, at.length)
	if _, err := j.file.ReadAt(line, at.offset); err != nil {
		return order, fmt.Errorf("reading the order at byte %d: %w", at.offset, err)
	}
	return order, json.Unmarshal(bytes.TrimSpace(line), &order)
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.file.Close()
}
