//! Certificates and keys of one cluster, made in this process and valid for it alone.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::{Error, Result};

/// Names under which the API server may be called.
const SERVER_NAMES: [&str; 4] = ["127.0.0.1", "localhost", "kubernetes", "kubernetes.default.svc"];

/// A certificate with its key, as files.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// The authority of a cluster; whoever shows its certificate is believed.
pub(crate) struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    /// The authority's own certificate.
    pub(crate) certificate: PathBuf,
}

impl Authority {
    /// A new authority, with its files in `folder`.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let name = "cluster authority";
        let failed = || certificate_error(name);
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(failed())?;
        let own = parameters.self_signed(&key).map_err(failed())?;
        let certificate = folder.join("ca.crt");
        write(&certificate, &own.pem())?;
        let issuer = Issuer::new(parameters, key);
        Ok(Self { folder: folder.to_owned(), issuer, certificate })
    }

    /// The API server's identity.
    pub(crate) fn server(&self) -> Result<Identity> {
        let names = SERVER_NAMES.map(str::to_owned).to_vec();
        let parameters =
            CertificateParams::new(names).map_err(certificate_error("kube-apiserver"))?;
        self.issue("kube-apiserver", None, parameters, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// The identity of a user of the API server, in one group or none.
    pub(crate) fn client(&self, user: &str, group: Option<&str>) -> Result<Identity> {
        let parameters = CertificateParams::default();
        self.issue(user, group, parameters, ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// The key that signs service-account tokens, as a private and a public file.
    pub(crate) fn service_account_key(&self) -> Result<Identity> {
        let pair = KeyPair::generate().map_err(certificate_error("service accounts"))?;
        let certificate = self.folder.join("service-accounts.pub");
        let key = self.folder.join("service-accounts.key");
        write(&certificate, &pair.public_key_pem())?;
        write(&key, &pair.serialize_pem())?;
        Ok(Identity { certificate, key })
    }

    fn issue(
        &self,
        name: &str,
        group: Option<&str>,
        mut parameters: CertificateParams,
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<Identity> {
        let failed = || certificate_error(name);
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, name);
        if let Some(group) = group {
            parameters.distinguished_name.push(DnType::OrganizationName, group);
        }
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![usage];
        let pair = KeyPair::generate().map_err(failed())?;
        let signed = parameters.signed_by(&pair, &self.issuer).map_err(failed())?;
        let file = name.replace(':', "-");
        let certificate = self.folder.join(format!("{file}.crt"));
        let key = self.folder.join(format!("{file}.key"));
        write(&certificate, &signed.pem())?;
        write(&key, &pair.serialize_pem())?;
        Ok(Identity { certificate, key })
    }
}

fn certificate_error(name: &str) -> impl FnOnce(rcgen::Error) -> Error {
    let name = name.to_owned();
    move |source| Error::Certificate { name, source }
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(Error::io(format!("writing {}", path.display())))
}
