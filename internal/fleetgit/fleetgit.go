// Package fleetgit reaches the repositories that a Fleet names: with the credentials in its Secrets,
// and with words for people when that does not work.
package fleetgit

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/gitrepo"
)

// Which of a Fleet's repositories: the field of its spec.
const (
	Apps   = "apps"
	System = "system"
)

// Problem is why a repository cannot be used, as a condition's reason and a sentence for people.
// Apps says that it (also) concerns the apps repository, OnlyApps that the system repository is well.
type Problem struct {
	Reason         string
	Apps, OnlyApps bool
	Err            error
}

func (p *Problem) Error() string { return p.Err.Error() }

// Remote joins a repository's URL with the credentials in its Secret.
func Remote(ctx context.Context, secrets client.Reader, f *v1alpha1.Fleet, which string) (gitrepo.Remote, *Problem) {
	r := repository(f, which)
	out := gitrepo.Remote{URL: r.URL}
	if _, err := gitrepo.ParseURL(r.URL); err != nil {
		return out, &Problem{Reason: "InvalidURL", Apps: which == Apps,
			Err: fmt.Errorf("Fleet %s: spec.%s.url: %w: correct the URL", f.Name, which, err)} //nolint:staticcheck // ST1005: begins with a kind, as users write it
	}
	if r.SecretRef == nil {
		return out, nil
	}
	var s corev1.Secret
	key := client.ObjectKey{Namespace: f.Namespace, Name: r.SecretRef.Name}
	if err := secrets.Get(ctx, key, &s); err != nil {
		return out, &Problem{Reason: "CredentialsMissing", Apps: which == Apps,
			Err: fmt.Errorf("Fleet %s: spec.%s.secretRef: reading Secret %s: %w: create it, or let the controller read it (config/fleet-access)", f.Name, which, key, err)} //nolint:staticcheck // ST1005: as above
	}
	out.Credentials = gitrepo.Credentials{
		Username: string(s.Data["username"]), Password: string(s.Data["password"]), BearerToken: string(s.Data["bearerToken"]),
		SSHPrivateKey: s.Data["sshPrivateKey"], KnownHosts: s.Data["knownHosts"], CABundle: s.Data["caBundle"],
	}
	c := &out.Credentials
	if c.Password == "" && c.BearerToken == "" && len(c.SSHPrivateKey) == 0 && len(c.CABundle) == 0 {
		return out, &Problem{Reason: "CredentialsMissing", Apps: which == Apps,
			Err: fmt.Errorf("Fleet %s: spec.%s.secretRef: Secret %s has none of the keys password, bearerToken, sshPrivateKey, caBundle: add one", f.Name, which, key)} //nolint:staticcheck // ST1005: as above
	}
	return out, nil
}

func repository(f *v1alpha1.Fleet, which string) v1alpha1.Repository {
	if which == Apps {
		return f.Spec.Apps.Repository
	}
	return f.Spec.System
}

// NewProblem words the error of a remote; nil if there is none.
func NewProblem(f *v1alpha1.Fleet, which string, err error) *Problem {
	if err == nil {
		return nil
	}
	reason, next := "GitUnreachable", "nothing is changed until it answers again"
	switch {
	case errors.Is(err, gitrepo.ErrAuth):
		reason, next = "CredentialsRefused", "put valid credentials into the Secret that secretRef names"
	case errors.Is(err, gitrepo.ErrNotFound):
		reason, next = "RepositoryNotFound", "create the repository, correct the URL, or give the credentials access"
	case errors.Is(err, gitrepo.ErrTLS):
		reason, next = "CertificateNotTrusted", "put the server's CA into caBundle of the Secret"
	}
	return &Problem{Reason: reason, Apps: which == Apps,
		Err: fmt.Errorf("Fleet %s: spec.%s.url %s: %w: %s", f.Name, which, repository(f, which).URL, err, next)} //nolint:staticcheck // ST1005: as above
}

// NewPushProblem words a push that failed for another reason than a rival's; err names the branch
// and the repository.
func NewPushProblem(f *v1alpha1.Fleet, err error) *Problem {
	reason, next := "PushFailed", "it is tried again"
	switch {
	case errors.Is(err, gitrepo.ErrAuth):
		reason, next = "PushForbidden", "the credentials in the Secret that secretRef names must be allowed to push: give them the right, or put others there"
	case errors.Is(err, gitrepo.ErrRejected):
		reason, next = "PushRejected", "let the controller's user push to this branch, past its protection and hooks"
	case errors.Is(err, gitrepo.ErrUnreachable), errors.Is(err, gitrepo.ErrAmbiguous):
		reason, next = "GitUnreachable", "it is tried again, after a look at what the repository holds by then"
	}
	return &Problem{Reason: reason,
		Err: fmt.Errorf("Fleet %s: %w: %s", f.Name, err, next)} //nolint:staticcheck // ST1005: as above
}
