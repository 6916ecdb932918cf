package convention

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// secretWords make a name look like that of a secret wherever they stand in it.
var secretWords = []string{
	"password", "passwd", "passphrase", "passcode", "pwd", "secret", "secrets",
	"token", "credential", "credentials", "apikey", "privatekey", "secretkey", "accesskey",
}

// keyOwners make a following "key" a secret: api key, but not primary key or public key.
var keyOwners = []string{
	"api", "access", "private", "secret", "encryption", "signing", "signature", "master",
	"auth", "license", "ssh", "session", "hmac", "account", "storage", "service", "deploy",
}

// aboutWords at the end of a name say that it tells something about a secret, or where it is.
var aboutWords = []string{
	"name", "names", "ref", "refs", "reference", "file", "files", "path", "paths", "dir", "url", "uri",
	"endpoint", "host", "issuer", "audience", "header", "type", "kind", "algorithm", "alg", "policy",
	"ttl", "timeout", "expiry", "expiration", "lifetime", "interval", "age", "seconds", "minutes",
	"hours", "days", "ms", "length", "limit", "max", "min", "count", "size", "enabled", "disabled",
	"required", "rotation", "version", "id", "ids", "prefix", "suffix", "field", "param", "cookie",
	"store", "provider", "mount", "namespace", "format", "scope", "scopes",
}

// harmless are values that keep no secret whatever their name is: booleans, durations, and
// references that something else resolves.
var harmless = regexp.MustCompile(`^(?i:true|false|yes|no|on|off|null|none|\d+(ms|s|m|h|d)` +
	`|\$\(.*\)|\$\{[^}]+\}|\$[A-Z_]+|\{\{.*\}\}|<[^<>]*>|\*+` +
	`|(vault|ref\+[a-z]+|secretref):\S+` +
	`|/(etc|run|var|mnt|opt|home|secrets|vault|tmp|srv|usr)(/[\w.@-]+)+)$`)

// looksSecret tells whether a value under this name is probably a secret.
func looksSecret(name, value string) bool {
	value = strings.TrimSpace(value)
	return value != "" && !harmless.MatchString(value) && secretName(name)
}

// secretName tells whether a name is probably that of a secret: DB_PASSWORD, apiKey and
// client-secret are; TOKEN_TTL, secretName, PUBLIC_KEY and monkey are not.
func secretName(name string) bool {
	words := splitWords(name)
	if len(words) == 0 || slices.Contains(aboutWords, words[len(words)-1]) {
		return false
	}
	for i, word := range words {
		if slices.Contains(secretWords, word) {
			return true
		}
		if (word == "key" || word == "keys") && i > 0 && slices.Contains(keyOwners, words[i-1]) {
			return true
		}
	}
	return false
}

// splitWords takes DB_PASSWORD, db.password, dbPassword and DBPassword apart into db, password.
func splitWords(name string) []string {
	var words []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
			word = nil
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			flush()
			continue
		}
		lowerBefore := i > 0 && unicode.IsLower(runes[i-1])
		lowerAfter := i+1 < len(runes) && unicode.IsLower(runes[i+1])
		upperBefore := i > 0 && unicode.IsUpper(runes[i-1])
		if unicode.IsUpper(r) && (lowerBefore || upperBefore && lowerAfter) {
			flush()
		}
		word = append(word, r)
	}
	flush()
	return words
}
