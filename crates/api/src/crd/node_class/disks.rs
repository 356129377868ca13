//! Disks of an `EC2NodeClass`.

use super::Schema;

/// 1 to 59,000 Gi or 58 Ti, 64,000 G or 64 T.
const SIZE: &str = "^(([1-9][0-9]{0,3}|[1-4][0-9]{4}|5[0-8][0-9]{3}|59000)Gi|([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-3][0-9]{3}|64000)G|([1-9]|[1-4][0-9]|5[0-8])Ti|([1-9]|[1-5][0-9]|6[0-4])T)$";

/// `spec.blockDeviceMappings`.
pub(super) fn mappings() -> Schema {
    let mapping = Schema::object()
        .field("deviceName", "Its name for the machine.", Schema::string())
        .field("ebs", "What it is.", volume())
        .field("rootVolume", "Whether pods' local data is on it.", Schema::boolean());
    Schema::list(mapping).items(0, Some(50)).rule(
        "at most one device can be the root volume",
        "self.filter(m, has(m.rootVolume) && m.rootVolume).size() <= 1",
    )
}

fn volume() -> Schema {
    let kinds = ["standard", "io1", "io2", "gp2", "sc1", "st1", "gp3"];
    Schema::object()
        .field("deleteOnTermination", "Whether it goes with the machine.", Schema::boolean())
        .field("encrypted", "Whether it is encrypted.", Schema::boolean())
        .field("iops", "Operations per second.", Schema::int64())
        .field("kmsKeyID", "The key.", Schema::string())
        .field("snapshotID", "What it is made from.", Schema::string())
        .field("throughput", "MiB per second.", Schema::int64())
        .field(
            "volumeInitializationRate",
            "MiB per second while it is filled from the snapshot.",
            Schema::int32().range(100, Some(300)),
        )
        .field("volumeSize", "Its size.", Schema::number_or(SIZE))
        .field("volumeType", "Its kind.", Schema::one_of(&kinds))
        .rules(&[
            ("snapshotID or volumeSize is needed", "has(self.snapshotID) || has(self.volumeSize)"),
            (
                "volumeInitializationRate needs a snapshotID",
                "!has(self.volumeInitializationRate) || (has(self.snapshotID) && \
                 self.snapshotID != '')",
            ),
        ])
}
