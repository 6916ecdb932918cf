package gitrepo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// object is what one name that was asked for stands for. A missing object has
// an empty kind.
type object struct {
	id   OID
	kind string
	data []byte
}

// batch reads many objects through one process and hands them over in the order
// of names, which are object ids, perhaps with "^{tree}". An object of more than
// limit bytes ends the batch with ErrTooLarge.
func (r *Repository) batch(ctx context.Context, names []string, limit int64, each func(i int, o object) error) error {
	if len(names) == 0 {
		return nil
	}
	read := func(out io.Reader) error {
		in := bufio.NewReaderSize(out, 256<<10)
		for i, name := range names {
			o, err := readObject(in, name, limit)
			if err != nil {
				return err
			}
			if err := each(i, o); err != nil {
				return err
			}
		}
		return nil
	}
	_, err := r.run(ctx, command{
		args:  []string{"cat-file", "--batch", "--buffer"},
		stdin: strings.NewReader(strings.Join(names, "\n") + "\n"),
		read:  read,
	})
	return err
}

// readObject parses "<id> <kind> <size>\n<data>\n" or "<name> missing\n".
func readObject(in *bufio.Reader, name string, limit int64) (object, error) {
	header, err := in.ReadString('\n')
	if err != nil {
		return object{}, fmt.Errorf("reading object %s: %w", name, unexpected(err))
	}
	fields := strings.Fields(header)
	if len(fields) == 2 && fields[1] == "missing" {
		return object{}, nil
	}
	if len(fields) != 3 {
		return object{}, fmt.Errorf("reading object %s: unexpected answer %q", name, header)
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return object{}, fmt.Errorf("reading object %s: size %q: %w", name, fields[2], err)
	}
	if size > limit {
		return object{}, fmt.Errorf("object %s has %d bytes, the limit is %d: %w", fields[0], size, limit, ErrTooLarge)
	}
	data := make([]byte, size+1)
	if _, err := io.ReadFull(in, data); err != nil {
		return object{}, fmt.Errorf("reading object %s: %w", name, unexpected(err))
	}
	return object{id: OID(fields[0]), kind: fields[1], data: data[:size]}, nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
