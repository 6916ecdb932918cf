// Package gitrepo is the only way to Git. It keeps a bare repository as the
// local image of one remote, reads commits and trees from it in bulk, makes
// commits without a work tree, and pushes them as fast-forwards only.
//
// The work is done by the git program (2.34 or newer), run without the user's
// or the machine's configuration, without hooks and prompts, with bounded output
// and within the caller's context.
//
// Vocabulary:
//
//   - A remote is a URL with the credentials for it. The URL never holds a
//     secret, and secrets never reach a command line, an error or the disk
//     beyond temporary files that only this user can read.
//   - The tracking ref of a branch, refs/remotes/origin/<branch>, is where the
//     last Fetch or Push saw the remote's branch.
//   - A staging ref, refs/shopset/staging/<branch>, keeps the last commit that
//     was made for a branch and perhaps not pushed yet.
//   - The class of an error is one of the Err variables of this package; an
//     error wraps the classes that apply, so that callers decide with errors.Is
//     and never by text. One without a class is trouble of this machine, such as
//     a full disk, or words of git that are not known here.
package gitrepo
