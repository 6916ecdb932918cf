package gitrepo

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// blobsLimit bounds what one ReadBlobs returns in all: 512 MiB.
const blobsLimit = 512 << 20

// ReadBlobs reads files by id. Those that a filter left out are fetched first.
func (r *Repository) ReadBlobs(ctx context.Context, blobs ...OID) (contents map[OID][]byte, err error) {
	defer r.observe("read-blobs", &err)()
	if err := checkOIDs(blobs...); err != nil {
		return nil, err
	}
	ids := slices.Compact(slices.Sorted(slices.Values(blobs)))
	if contents, err = r.readBlobs(ctx, ids); err != nil {
		return nil, fmt.Errorf("reading %d files of %s: %w", len(ids), r.URL(), err)
	}
	return contents, nil
}

func (r *Repository) readBlobs(ctx context.Context, ids []OID) (map[OID][]byte, error) {
	contents := make(map[OID][]byte, len(ids))
	missing, err := r.readPresent(ctx, ids, contents)
	if err != nil || len(missing) == 0 {
		return contents, err
	}
	if r.cfg.Filter != "" {
		if err := r.fetchObjects(ctx, missing); err != nil {
			return nil, err
		}
		if missing, err = r.readPresent(ctx, missing, contents); err != nil {
			return nil, err
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("file %s: %w", missing[0], ErrMissingObject)
	}
	return contents, nil
}

// readPresent adds to contents what the repository has and returns the rest.
func (r *Repository) readPresent(ctx context.Context, ids []OID, contents map[OID][]byte) (missing []OID, err error) {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = string(id)
	}
	total := 0
	err = r.batch(ctx, names, r.cfg.MaxBlobBytes, func(i int, o object) error {
		switch o.kind {
		case "":
			missing = append(missing, ids[i])
			return nil
		case "blob":
		default:
			return fmt.Errorf("object %s is a %s, not a file: %w", ids[i], o.kind, ErrMissingObject)
		}
		if total += len(o.data); total > blobsLimit {
			return fmt.Errorf("files of more than %d bytes in all: %w", blobsLimit, ErrTooLarge)
		}
		contents[ids[i]] = o.data
		return nil
	})
	return missing, err
}

// fetchObjects downloads objects that the filter left out.
func (r *Repository) fetchObjects(ctx context.Context, ids []OID) error {
	done, err := r.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	var lines strings.Builder
	for _, id := range ids {
		lines.WriteString(string(id) + "\n")
	}
	_, err = r.run(ctx, command{
		args: []string{
			"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance",
			"--no-recurse-submodules", "--filter=" + r.cfg.Filter, "--stdin", "origin",
		},
		// There is no history to negotiate about.
		config: append(r.origin(), [2]string{"fetch.negotiationAlgorithm", "noop"}),
		stdin:  strings.NewReader(lines.String()),
		remote: true,
	})
	return err
}
