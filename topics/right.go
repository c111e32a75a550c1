package topics

import (
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Operation is what a right allows, in the words of kafka-acls.sh. Read, Write and Delete imply Describe, AlterConfigs
// implies DescribeConfigs (KIP-11, KIP-133).
type Operation string

// The operations.
const (
	Read            Operation = "Read"
	Write           Operation = "Write"
	Create          Operation = "Create"
	DeleteRecords   Operation = "Delete"
	Describe        Operation = "Describe"
	DescribeConfigs Operation = "DescribeConfigs"
	AlterConfigs    Operation = "AlterConfigs"
)

// Kafka returns the operation as it stands in requests.
func (o Operation) Kafka() kmsg.ACLOperation {
	return map[Operation]kmsg.ACLOperation{
		Read: kmsg.ACLOperationRead, Write: kmsg.ACLOperationWrite, Create: kmsg.ACLOperationCreate,
		DeleteRecords: kmsg.ACLOperationDelete, Describe: kmsg.ACLOperationDescribe,
		DescribeConfigs: kmsg.ACLOperationDescribeConfigs, AlterConfigs: kmsg.ACLOperationAlterConfigs,
	}[o]
}

// Resource is what kind of thing a right is about, in the words of kafka-acls.sh.
type Resource string

// The kinds of resources.
const (
	OnTopic           Resource = "topic"
	OnGroup           Resource = "group"
	OnTransactionalID Resource = "transactional-id"
)

// Kafka returns the kind of resource as it stands in requests.
func (r Resource) Kafka() kmsg.ACLResourceType {
	return map[Resource]kmsg.ACLResourceType{
		OnTopic: kmsg.ACLResourceTypeTopic, OnGroup: kmsg.ACLResourceTypeGroup,
		OnTransactionalID: kmsg.ACLResourceTypeTransactionalId,
	}[r]
}

// Right is one thing that a principal must be allowed to do: an ACL without the principal.
type Right struct {
	Operation Operation
	Resource  Resource
	Name      string
	// Prefixed rights are about every name that begins with Name (Kafka's pattern type PREFIXED), others about it alone.
	Prefixed bool
	// Why says in a phrase what cannot be done without it.
	Why string
}

// String says what is allowed on what.
func (r Right) String() string {
	if r.Prefixed {
		return fmt.Sprintf("%s on every %s that begins with %s", r.Operation, r.Resource, r.Name)
	}
	return fmt.Sprintf("%s on %s %s", r.Operation, r.Resource, r.Name)
}

// ErrRights says that the brokers do not allow what has to be done.
var ErrRights = errors.New("rights are missing")

// MissingRightsError is an ErrRights that names them.
type MissingRightsError struct {
	// Principal is who lacks them; empty when that is not known here.
	Principal string
	Rights    []Right
}

// Error implements error.
func (m *MissingRightsError) Error() string {
	var needs []string
	for _, right := range m.Rights {
		need := right.String()
		if right.Why != "" {
			need += " (" + right.Why + ")"
		}
		needs = append(needs, need)
	}
	who := ""
	if m.Principal != "" {
		who = m.Principal + " needs "
	}
	return fmt.Sprintf("%v: %s%s; campaignd topics acls prints the commands that grant them",
		ErrRights, who, strings.Join(needs, ", "))
}

// LackedBy returns an error; when it is about rights that nobody is said to lack, with the principal that does.
func LackedBy(principal string, err error) error {
	var missing *MissingRightsError
	if errors.As(err, &missing) && missing.Principal == "" {
		return fmt.Errorf("%w; this is %s", err, principal)
	}
	return err
}

// Is implements errors.Is.
func (*MissingRightsError) Is(target error) bool { return target == ErrRights }

// Unauthorized says that an error is a broker's that the principal lacks a right.
func Unauthorized(err error) bool {
	return errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, kerr.GroupAuthorizationFailed) ||
		errors.Is(err, kerr.TransactionalIDAuthorizationFailed) || errors.Is(err, kerr.ClusterAuthorizationFailed)
}

// Needing returns the error of a request; when it says that a right on the topic is missing, with that right.
func Needing(err error, operation Operation, name Name) error {
	if !Unauthorized(err) {
		return err
	}
	missing := &MissingRightsError{Rights: []Right{{Operation: operation, Resource: OnTopic, Name: string(name)}}}
	return fmt.Errorf("%w (%w)", missing, err)
}
