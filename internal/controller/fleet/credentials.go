package fleet

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/gitrepo"
)

// gitProblem is why a repository cannot be used, as a reason and a sentence for people. apps says
// that it (also) concerns the apps repository, onlyApps that the system repository is well.
type gitProblem struct {
	reason         string
	apps, onlyApps bool
	err            error
}

func (p *gitProblem) Error() string { return p.err.Error() }

// remote joins a repository's URL with the credentials in its Secret.
func (w *workspaces) remote(ctx context.Context, f *v1alpha1.Fleet, which string, r v1alpha1.Repository) (gitrepo.Remote, *gitProblem) {
	out := gitrepo.Remote{URL: r.URL}
	if _, err := gitrepo.ParseURL(r.URL); err != nil {
		return out, &gitProblem{reason: "InvalidURL", apps: which == "apps",
			err: fmt.Errorf("Fleet %s: spec.%s.url: %w: correct the URL", f.Name, which, err)} //nolint:staticcheck // ST1005: begins with a kind, as users write it
	}
	if r.SecretRef == nil {
		return out, nil
	}
	var s corev1.Secret
	key := client.ObjectKey{Namespace: f.Namespace, Name: r.SecretRef.Name}
	if err := w.Secrets.Get(ctx, key, &s); err != nil {
		return out, &gitProblem{reason: "CredentialsMissing", apps: which == "apps",
			err: fmt.Errorf("Fleet %s: spec.%s.secretRef: reading Secret %s: %w: create it, or let the controller read it (config/fleet-access)", f.Name, which, key, err)} //nolint:staticcheck // ST1005: as above
	}
	out.Credentials = gitrepo.Credentials{
		Username: string(s.Data["username"]), Password: string(s.Data["password"]), BearerToken: string(s.Data["bearerToken"]),
		SSHPrivateKey: s.Data["sshPrivateKey"], KnownHosts: s.Data["knownHosts"], CABundle: s.Data["caBundle"],
	}
	c := &out.Credentials
	if c.Password == "" && c.BearerToken == "" && len(c.SSHPrivateKey) == 0 && len(c.CABundle) == 0 {
		return out, &gitProblem{reason: "CredentialsMissing", apps: which == "apps",
			err: fmt.Errorf("Fleet %s: spec.%s.secretRef: Secret %s has none of the keys password, bearerToken, sshPrivateKey, caBundle: add one", f.Name, which, key)} //nolint:staticcheck // ST1005: as above
	}
	return out, nil
}

// newGitProblem words the error of a remote; nil if there is none.
func newGitProblem(which string, f *v1alpha1.Fleet, r v1alpha1.Repository, err error) *gitProblem {
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
	return &gitProblem{reason: reason, apps: which == "apps",
		err: fmt.Errorf("Fleet %s: spec.%s.url %s: %w: %s", f.Name, which, r.URL, err, next)} //nolint:staticcheck // ST1005: as above
}

// newPushProblem words a push that failed for another reason than a rival's; err names the branch
// and the repository.
func newPushProblem(f *v1alpha1.Fleet, err error) *gitProblem {
	reason, next := "PushFailed", "it is tried again"
	switch {
	case errors.Is(err, gitrepo.ErrAuth):
		reason, next = "PushForbidden", "the credentials in the Secret that secretRef names must be allowed to push: give them the right, or put others there"
	case errors.Is(err, gitrepo.ErrRejected):
		reason, next = "PushRejected", "let the controller's user push to this branch, past its protection and hooks"
	case errors.Is(err, gitrepo.ErrUnreachable), errors.Is(err, gitrepo.ErrAmbiguous):
		reason, next = "GitUnreachable", "it is tried again, after a look at what the repository holds by then"
	}
	return &gitProblem{reason: reason,
		err: fmt.Errorf("Fleet %s: %w: %s", f.Name, err, next)} //nolint:staticcheck // ST1005: as above
}
