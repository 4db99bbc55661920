//! Looking up, in mode S, B and P.

use mimi_discovery::{
    Csi,
    answer::VerifiedAnswer,
    lookup::{b, s},
    selection::{Selection, Sender, select},
};

use super::{DiscoveryError, LookUp, LookUpMode, LookUpOptions, now, relay::Relay, seed, source::Source};
use crate::{
    client::Client,
    state::discovery::{self, Numbered},
};

impl Client {
    /// Looks up where the holder of an identifier can be reached, and takes exactly one entry, which is remembered for the next time.
    ///
    /// The discovery provider does not learn who asks: the look-up goes encrypted through a relay of another operator, on a connection of its own, with a
    /// token that nobody can tie to this account. It costs one token of the day's quota, in mode P two, whatever comes of it.
    ///
    /// # Errors
    /// When a party cannot be reached, there is no token, or what came back is not to be trusted; nothing of it is used then.
    // req: UD03-11-01, UD03-7-01
    pub async fn look_up(&self, csi: &Csi, options: &LookUpOptions) -> Result<LookUp, DiscoveryError> {
        if options.mode == LookUpMode::P && !cfg!(feature = "pir") {
            return Err(DiscoveryError::NoRetrieval);
        }
        let source = self.source(csi, options.dp.as_ref()).await?;
        let modes = source.config.get().modes;
        let offered = match options.mode {
            LookUpMode::S => modes.s,
            LookUpMode::B => modes.b,
            LookUpMode::P => modes.p,
        };
        if !offered {
            return Err(DiscoveryError::ModeNotOffered { dp: source.domain });
        }
        let ca_pem = options.relay_ca_pem.as_deref().unwrap_or(&self.inner.account.provider.ca_pem);
        let relay = Relay::new(&source, ca_pem)?;
        let what = match options.mode {
            LookUpMode::S => Numbered::ModeS,
            LookUpMode::B => Numbered::ModeB,
            LookUpMode::P => Numbered::ModeP,
        };
        let (seen, remembered) = {
            let (dp, csi) = (source.domain.to_string(), csi.clone());
            self.step(move |session| {
                session.discovery(|file| Ok((discovery::seen(file, &dp, what)?, discovery::chosen(file, &csi)?)))
            })
            .await?
        };
        let answer = match options.mode {
            LookUpMode::S => self.ask_s(&source, &relay, csi, options, seen).await?,
            LookUpMode::B => self.ask_b(&source, &relay, csi, options, seen).await?,
            #[cfg(feature = "pir")]
            LookUpMode::P => self.ask_p(&source, &relay, csi, options, seen).await?,
            #[cfg(not(feature = "pir"))]
            LookUpMode::P => return Err(DiscoveryError::NoRetrieval),
        };
        let sender = Sender {
            own_service: Some(self.user().domain().clone()),
            wanted: options.wanted.clone(),
            capabilities: options.capabilities.clone(),
            remembered: remembered.and_then(|msp| msp.parse().ok()),
        };
        let selection = select(answer.mappings(), &sender);
        let number = answer.snapshot().get().number;
        let chosen = match &selection {
            Selection::Entry { entry, .. } => Some(entry.msp.to_string()),
            _ => None,
        };
        let (dp, csi) = (source.domain.to_string(), csi.clone());
        self.step(move |session| {
            session.discovery(|file| {
                discovery::put_seen(file, &dp, what, number)?;
                chosen.map_or(Ok(()), |msp| discovery::put_chosen(file, &csi, &msp))
            })
        })
        .await?;
        Ok(LookUp { dp: source.domain, finding: answer.finding(), selection })
    }

    async fn ask_s(
        &self,
        source: &Source,
        relay: &Relay,
        csi: &Csi,
        options: &LookUpOptions,
        seen: u64,
    ) -> Result<VerifiedAnswer, DiscoveryError> {
        let token = self.take_token(source).await?;
        let (request, pending) = s::ask(&source.config, csi, token)?;
        let answer = pending.open(&relay.post(request).await?)?;
        Ok(answer.verify(csi, &source.config.provider(seen), &options.anchors, now())?)
    }

    async fn ask_b(
        &self,
        source: &Source,
        relay: &Relay,
        csi: &Csi,
        options: &LookUpOptions,
        seen: u64,
    ) -> Result<VerifiedAnswer, DiscoveryError> {
        let token = self.take_token(source).await?;
        let (request, pending) = b::ask(&source.config, csi, token, seed()?)?;
        let (located, _) = pending.open(&relay.post(request).await?)?;
        let (request, pending) = located.ask(&source.config)?;
        let bucket = pending.open(&relay.post(request).await?)?;
        Ok(located.find(bucket, &source.config.provider(seen), &options.anchors, now())?)
    }
}
