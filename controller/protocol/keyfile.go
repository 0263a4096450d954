package protocol

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// pkcs8 is the PEM type of a key file.
const pkcs8 = "PRIVATE KEY"

// EncodeKeyFile writes a private key as boards, central and persons keep it in
// a file: PKCS#8 in PEM. Who writes the file lets nobody else read it.
func EncodeKeyFile(key ed25519.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pkcs8, Bytes: der}), nil
}

// DecodeKeyFile is the inverse of EncodeKeyFile. Its errors repeat nothing of
// the file.
func DecodeKeyFile(data []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != pkcs8 {
		return nil, errors.New("it holds no private key in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("its key is damaged")
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("its key is a %T, not an ed25519 key", parsed)
	}
	return key, nil
}
