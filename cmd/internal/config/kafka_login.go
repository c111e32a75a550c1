package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// passwordVariable is the environment variable that may hold the SASL password.
const passwordVariable = "CAMPAIGN_KAFKA_PASSWORD"

// login returns the mechanism, which asks for the password at each login.
func (k *Kafka) login() sasl.Mechanism {
	if k.SASL == "plain" {
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			password, err := k.password()
			return plain.Auth{User: k.User, Pass: password}, err
		})
	}
	credentials := func(context.Context) (scram.Auth, error) {
		password, err := k.password()
		return scram.Auth{User: k.User, Pass: password}, err
	}
	if k.SASL == "scram-sha-256" {
		return scram.Sha256(credentials)
	}
	return scram.Sha512(credentials)
}

// password returns the password as it is now. Its errors do not repeat what the switch holds: somebody may have given the
// password itself for the name of its file.
func (k *Kafka) password() (string, error) {
	if k.PasswordFile == "" {
		if password := os.Getenv(passwordVariable); password != "" {
			return password, nil
		}
		return "", fmt.Errorf("--kafka-sasl: set $%s or --kafka-password-file", passwordVariable)
	}
	content, err := os.ReadFile(k.PasswordFile)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return "", fmt.Errorf("--kafka-password-file: reading the file that it names: %w", err)
	}
	password := strings.TrimRight(string(content), "\r\n")
	if password == "" {
		return "", errors.New("--kafka-password-file: the file holds no password")
	}
	return password, nil
}
