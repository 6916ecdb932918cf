package table

import (
	"crypto/sha256"
	"hash"
)

// digest reckons sums of strings without copying them as a whole, as a conversion to bytes would: a
// load of a million hosts is to stay small. The zero value is ready for use.
type digest struct {
	hash   hash.Hash
	buffer []byte
}

const digestBuffer = 16 << 10

func (d *digest) sum(text string) (sum [sha256.Size]byte) {
	if d.hash == nil {
		d.hash, d.buffer = sha256.New(), make([]byte, digestBuffer)
	}
	d.hash.Reset()
	for text != "" {
		n := copy(d.buffer, text)
		d.hash.Write(d.buffer[:n])
		text = text[n:]
	}
	d.hash.Sum(sum[:0])
	return sum
}
