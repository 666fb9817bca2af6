//! Names that one organization bears in very many places: of such only place, telephone or page tell which one.

use super::name::Name;
use crate::lookup::WordTable;
use std::sync::LazyLock;

/// Parts of a web path under which chains keep a page for each of their sites.
const LOCATORS: &[&str] = &[
    "store",
    "stores",
    "shop",
    "shops",
    "location",
    "locations",
    "locator",
    "storelocator",
    "store-locator",
    "branch",
    "branches",
    "branch-locator",
    "branch-finder",
    "find-a-store",
    "find-us",
    "restaurants",
    "restaurant",
    "dealers",
    "offices",
    "clinics",
    "centers",
    "centres",
    "filialen",
    "filiale",
    "tiendas",
    "sucursales",
    "lojas",
    "magasins",
    "negozi",
    "atm",
    "atms",
    "locate",
    "sites",
    "our-locations",
    "dealer",
    "agents",
    "hotels",
    "club",
    "clubs",
    "gyms",
    "salons",
    "provider",
    "providers",
];

static BY_LOCATOR: LazyLock<WordTable<()>> =
    LazyLock::new(|| LOCATORS.iter().map(|part| (*part, ())).collect());

/// Whether a page (`domain/path`) or its host is one of a list of sites.
pub(super) fn is_locator(page: &str) -> bool {
    let (domain, path) = page.split_once('/').unwrap_or((page, ""));
    let host = domain.split('.').next().unwrap_or_default();
    path.split('/').any(|part| BY_LOCATOR.contains_key(part)) || BY_LOCATOR.contains_key(host)
}

/// Whether a name begins with that of a chain.
pub(super) fn is_chain(name: &Name<'_>) -> bool {
    const WORDS_MAX: usize = 3;
    let mut opening = String::new();
    name.words.iter().take(WORDS_MAX).any(|word| {
        if !opening.is_empty() {
            opening.push(' ');
        }
        opening.push_str(&word.text);
        CHAINS.contains_key(opening.as_str())
    })
}

/// Names as the words of a [`Name`] read, separated by commas.
const NAMES: &str = "walmart,target,costco,sam club,kroger,safeway,albertson,publix,aldi,lidl,tesco,sainsbury,asda,\
    morrison,waitrose,carrefour,auchan,leclerc,intermarche,monoprix,rewe,edeka,netto,penny,kaufland,spar,migro,coop,\
    billa,mercadona,dia,eroski,conad,esselunga,jumbo,albert heijn,delhaize,colruyt,oxxo,soriana,chedraui,woolworth,cole,\
    starbuck,dunkin,mcdonald,burger king,wendy,subway,kfc,kentucky fried chicken,pizza hut,domino,papa john,little caesar,\
    taco bell,chipotle,chick fil,popeye,arby,sonic,dairy queen,five guy,jimmy john,jersey mike,panera bread,panda express,\
    tim horton,costa coffee,pret manger,greggs,nando,ihop,denny,applebee,olive garden,chili,outback steakhouse,\
    cracker barrel,waffle house,baskin robbin,krispy kreme,jack box,hardee,carl,culver,whataburger,auntie anne,\
    cvs,walgreen,rite aid,boots,superdrug,dm,rossmann,muller,dr max,farmacia similare,farmacia guadalajara,watson,\
    petco,petsmart,home depot,lowe,menard,ace hardware,ikea,best buy,media markt,gamestop,staples,office depot,officemax,\
    barnes noble,macy,kohl,nordstrom,jcpenney,tj maxx,marshall,ross dress,burlington,old navy,gap,zara,h m,primark,uniqlo,\
    nike,adidas,foot locker,decathlon,victoria secret,bath body work,sephora,ulta,gnc,dollar general,dollar tree,\
    family dollar,five below,big lot,hobby lobby,michaels,joann,autozone,advance auto,reilly,napa auto,pep boy,jiffy lube,\
    valvoline,midas,firestone,goodyear,discount tire,u haul,public storage,extra space storage,cubesmart,hertz,avis,\
    enterprise rent,sixt,europcar,budget,shell,bp,exxon,mobil,chevron,texaco,esso,total,repsol,cepsa,eni,q8,aral,petro,\
    circle k,7 eleven,eleven,wawa,speedway,quiktrip,casey,pilot travel,love travel,fedex,ups store,ups,dhl,hermes,usps,\
    post office,poste italiane,correo,western union,moneygram,coinstar,bitcoin,libertyx,bitstop,coin cloud,\
    bank america,chase,wells fargo,citibank,us bank,pnc,truist,td bank,td canada,regions bank,capital one,rbc,scotiabank,\
    bmo,cibc,hsbc,barclay,lloyds,natwest,santander,banco santander,bbva,caixabank,banco brasil,bradesco,itau,caixa,\
    sparkasse,commerzbank,deutsche bank,postbank,bnp paribas,societe generale,credit agricole,caisse,unicredit,\
    intesa sanpaolo,axis bank,icici,hdfc,sbi,state bank,ziraat bankasi,akbank,garanti,h r block,edward jones,state farm,\
    allstate,farmer insurance,geico,allianz,axa,generali,guild mortgage,remax,century 21,coldwell banker,keller williams,\
    t mobile,verizon,at t,sprint,cricket,metro,boost mobile,vodafone,orange,o2,ee,telekom,telcel,movistar,claro,vivo,tim,\
    hilton,hampton,marriott,courtyard,fairfield,holiday,best western,days,super 8,motel 6,la quinta,comfort,quality,hyatt,\
    ibis,novotel,mercure,premier,travelodge,planet fitness,anytime fitness,gold gym,24 hour,la fitness,orangetheory,\
    crossfit,curves,f45,great clip,supercut,sport clip,massage envy,aspen dental,davita,fresenius,concentra,minuteclinic,\
    labcorp,quest diagnostic,patient first,specsaver,lenscrafter,pearle,visionwork,miracle ear,kindercare,bright horizon,\
    goddard,primrose,la petite,childtime,kumon,sylvan,mathnasium,montessori,salvation army,goodwill,ymca,ywca,\
    boy girl club,habitat humanity,planned parenthood,head start,american red,red cross,saint vincent,catholic charity,\
    lutheran social,jewish family,volunteer america,oxford house,celebrate recovery,alcoholic anonymous,narcotic anonymous,\
    meal wheel,big brother,easterseal,easter seal,united way,veteran foreign,vfw,american legion,knight columbus,elk lodge,\
    moose lodge,lion club,rotary,kiwanis,church jesus christ,kingdom hall,jehovah,kampgrounds,caritas,cruz roja,diakonie,\
    awo,drk,oxfam,british heart,cancer research,avon,herbalife,weight watcher,jenny craig,westlotto,tabac,vip,paketshop";

static CHAINS: LazyLock<WordTable<()>> =
    LazyLock::new(|| NAMES.split(',').map(|name| (name.trim(), ())).collect());

#[cfg(test)]
mod tests {
    use super::{is_chain, is_locator};
    use crate::features::name;

    #[test]
    fn chains_are_known_by_name_or_by_their_pages() {
        let is = |text: &str| is_chain(&name::name(text, ""));
        assert!(is("Walmart Supercenter") && is("The Salvation Army") && is("Boys & Girls Club of Salem"));
        assert!(!is("Hope Foundation") && !is(""));
        assert!(is_locator("walmart.com/store/17-neosho-mo") && is_locator("stores.petco.com"));
        assert!(!is_locator("hope.org/about"));
    }
}
